// The 3x3 convolutions, forward and backward: a product over nine taps on the matrix units, or in float32 by
// Winograd's algorithm or plainly.
#include "../sm90/sm90.h"
#include "conv_first.h"
#include "product_mma.h"
#include "product_simt.h"
#include "steps.h"
#include "winograd.h"

namespace scumble::cuda {

size_t convolution_scratch_bytes(int inputs, int outputs, int height, int width, Arithmetic precision) {
  if (precision != Arithmetic::float32 || !winograd_takes(inputs, outputs)) return 0;
  return winograd_scratch_bytes(inputs, outputs, height, width);
}

void convolve(const Convolution& c, Arithmetic precision, cudaStream_t stream) {
  if (c.first) {
    return c.bias ? convolve_first(c, precision, stream) : convolve_first_back(c, precision, stream);
  }
  const Product p = product_of(c);
  switch (precision) {
    case Arithmetic::float32:
      if (winograd_takes(c.in.channels, c.out.channels)) {
        return launch_winograd(p, c.scratch, c.scratch_bytes, stream);
      }
      return launch_product_simt<9>(p, stream);
    case Arithmetic::tf32:
      return launch_product_mma<float, 9>(p, stream);
    case Arithmetic::bf16:
      if (sm90_kernels() && launch_product_sm90(p, 9, stream)) return;
      return launch_product_mma<Bf16, 9>(p, stream);
  }
}

void convolve_and_pool(const Convolution& c, Pool kind, const Tensor& pooled, Arithmetic precision,
                       cudaStream_t stream) {
  if (precision == Arithmetic::bf16 && !c.first && sm90_kernels()) {
    Product p = product_of(c);
    p.pooled = pooled.at;
    p.pooled_height = pooled.height;
    p.pooled_width = pooled.width;
    p.kind = kind;
    if (launch_product_sm90(p, 9, stream)) return;
  }
  convolve(c, precision, stream);
  pool(kind, 1, c.out, pooled, precision, stream);
}

Convolution convolution_of(const Workspace& w, const Step& step) {
  const bool backward = step.op == "conv_back";
  const CudaNetwork& network = w.network(step);
  Convolution c;
  c.in = w.tensor(step.in);
  c.out = w.tensor(step.out);
  c.weights = network.weights(step.convolution, backward);
  c.bias = backward ? nullptr : network.bias(step.convolution);
  c.mask = w.at(step.mask);
  c.scratch = w.scratch();
  c.scratch_bytes = w.scratch_bytes();
  c.relu = step.relu;
  c.accumulate = step.accumulate;
  c.first = step.convolution == 0;
  c.replicate = c.first && network.architecture().preprocessing.padding == Padding::replicate;
  return c;
}

namespace {

void queue(const Workspace& w, const Step& step) {
  convolve(convolution_of(w, step), w.precision(), w.stream());
}

void queue_with_pool(const Workspace& w, const Step& step) {
  const Step& pool = (&step)[1];
  convolve_and_pool(convolution_of(w, step), w.pool(), w.tensor(pool.out), w.precision(), w.stream());
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic precision) {
  if (step.convolution == 0) return 0;
  const Shape& in = plan.buffer(step.in).shape;
  const Shape& out = plan.buffer(step.out).shape;
  return convolution_scratch_bytes(in.channels, out.channels, out.height, out.width, precision);
}

const RegisterOperation kConv("conv", {queue, nullptr, scratch});
const RegisterOperation kConvBack("conv_back", {queue, nullptr, scratch});
const RegisterOperation kConvPool("conv_pool", {queue_with_pool});

}  // namespace
}  // namespace scumble::cuda

// The 3x3 convolutions, forward and backward: a product over nine taps on the matrix units, or in float32 by
// Winograd's algorithm or plainly.
#include "../sm90/sm90.h"
#include "conv_first.h"
#include "product_mma.h"
#include "product_simt.h"
#include "winograd.h"

namespace scumble::cuda {

size_t convolution_scratch_bytes(int inputs, int outputs, int height, int width, Precision precision) {
  if (precision != Precision::float32 || !winograd_takes(inputs, outputs)) return 0;
  return winograd_scratch_bytes(inputs, outputs, height, width);
}

void convolve(const Convolution& c, Precision precision, cudaStream_t stream) {
  if (c.first) {
    return c.bias ? convolve_first(c, precision, stream) : convolve_first_back(c, precision, stream);
  }
  const Product p = product_of(c);
  switch (precision) {
    case Precision::float32:
      if (winograd_takes(c.in.channels, c.out.channels)) {
        return launch_winograd(p, c.scratch, c.scratch_bytes, stream);
      }
      return launch_product_simt<9>(p, stream);
    case Precision::tf32:
      return launch_product_mma<float, 9>(p, stream);
    case Precision::bf16:
      if (sm90_kernels() && launch_product_sm90(p, 9, stream)) return;
      return launch_product_mma<Bf16, 9>(p, stream);
  }
}

void convolve_and_pool(const Convolution& c, Pool kind, const Tensor& pooled, Precision precision,
                       cudaStream_t stream) {
  if (precision == Precision::bf16 && !c.first && sm90_kernels()) {
    Product p = product_of(c);
    p.pooled = pooled.at;
    p.pooled_height = pooled.height;
    p.pooled_width = pooled.width;
    p.kind = kind;
    if (launch_product_sm90(p, 9, stream)) return;
  }
  convolve(c, precision, stream);
  pool(kind, c.out, pooled, precision, stream);
}

bool convolve_first_two(const FirstTwo& two, Precision precision, cudaStream_t stream) {
  if (precision != Precision::bf16 || !sm90_kernels()) return false;
  const int splits = launch_first_two_sm90(two, stream);
  if (splits == 0) return false;
  if (two.scratch) finish_difference(two.first.out, splits, two.style, two.losses, two.scratch, stream);
  return true;
}

}  // namespace scumble::cuda

// How far features or a statistic are from their target, and in which direction: one pass, one vector at a time,
// at most kPartials blocks. The squares of a vector's elements are added in float, then in double.
//
// Elements moved per element: 2 read (+ 1 each for accumulate and mask), 1 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

// A vector's differences times `scale`; returns their squares' sum.
template <typename E>
__device__ double squares(const Vec<E>& here, const Vec<E>& there, float scale, Vec<E>& scaled) {
  float run = 0;
#pragma unroll
  for (int k = 0; k < kLanes<E>; ++k) {
    const float d = here.at[k] - there.at[k];
    run += d * d;
    scaled.at[k] = scale * d;
  }
  return static_cast<double>(run);
}

template <typename E>
__global__ void __launch_bounds__(kSumThreads)
    difference_of_tensors(const E* in, const E* target, E* out, const E* mask, bool accumulate, float scale,
                          double loss_scale, size_t vectors, Partials partials) {
  double sum = 0;
#pragma unroll 2
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    Vec<E> values;
    sum += squares(load(in + at), load(target + at), scale, values);
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  }
  store_partial(sum, loss_scale, partials);
}

__global__ void __launch_bounds__(kSumThreads)
    difference_of_floats(const float* in, const float* target, float* out, float scale, double loss_scale,
                         size_t elements, Partials partials) {
  double sum = 0;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    Vec<float> values;
    sum += squares(load(in + i, elements - i), load(target + i, elements - i), scale, values);
    store(out + i, values, elements - i);
  }
  store_partial(sum, loss_scale, partials);
}

}  // namespace

void difference(const Tensor& in, const void* target, const Gradient& gradient, double scale,
                double loss_scale, const Partials& partials, Arithmetic precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(in);
    launch(difference_of_tensors<E>, dim3(sum_blocks(n)), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads),
           stream, static_cast<const E*>(in.at), static_cast<const E*>(target),
           static_cast<E*>(gradient.out.at), static_cast<const E*>(gradient.mask), gradient.accumulate,
           static_cast<float>(scale), loss_scale, n, partials);
  });
}

void difference(const float* in, const float* target, float* out, size_t elements, double scale,
                double loss_scale, const Partials& partials, cudaStream_t stream) {
  launch(difference_of_floats, dim3(sum_blocks((elements + 3) / 4)), dim3(kSumThreads),
         block_sums_bytes<1>(kSumThreads), stream, in, target, out, static_cast<float>(scale), loss_scale,
         elements, partials);
}

namespace {

void queue(const Workspace& w, const Step& step) {
  if (w.kind(step.in) == BufferKind::tensor) {
    return difference(w.tensor(step.in), w.at(step.other), w.gradient(step), step.scale, step.loss_scale,
                      w.partials(step), w.precision(), w.stream());
  }
  difference(w.floats(step.in), w.floats(step.other), w.floats(step.out), w.shape(step.in).elements(),
             step.scale, step.loss_scale, w.partials(step), w.stream());
}

const RegisterOperation kDifference("difference", {queue});

}  // namespace
}  // namespace scumble::cuda

// The content loss with its gradient: one pass, one vector at a time, at most kPartials blocks. The squares
// of a vector's elements are added in float, then in double.
//
// Elements moved per element: 2 read (+ 1 each for accumulate and mask), 1 written.
#include "sums.h"

namespace scumble::cuda {
namespace {

template <typename E>
__global__ void __launch_bounds__(kSumThreads)
    content_loss_and_gradient(const E* in, const E* target, E* out, const E* mask, bool accumulate,
                              float gradient_scale, double loss_scale, size_t vectors, Partials partials) {
  double sum = 0;
#pragma unroll 2
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    const Vec<E> here = load(in + at);
    const Vec<E> there = load(target + at);
    Vec<E> values;
    float run = 0;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      const float d = here.at[k] - there.at[k];
      run += d * d;
      values.at[k] = gradient_scale * d;
    }
    sum += static_cast<double>(run);
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  }
  store_partial(sum, loss_scale, partials);
}

}  // namespace

void content_loss(const Tensor& in, const void* target, const Tensor& out, const void* mask, bool accumulate,
                  double gradient_scale, double loss_scale, const Partials& partials, Precision precision,
                  cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(in);
    launch(content_loss_and_gradient<E>, dim3(sum_blocks(n)), dim3(kSumThreads),
           block_sums_bytes<1>(kSumThreads), stream, static_cast<const E*>(in.at),
           static_cast<const E*>(target), static_cast<E*>(out.at), static_cast<const E*>(mask), accumulate,
           static_cast<float>(gradient_scale), loss_scale, n, partials);
  });
}

}  // namespace scumble::cuda

// A term's own gradient, scaled to an L1 norm of its weight: a pass that sums magnitudes, and one that scales, whose
// blocks all add the same partial sums in the same order.
//
// Elements moved per element: 2 read (+ 1 each for accumulate and mask), 1 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

template <typename E>
__global__ void __launch_bounds__(kSumThreads)
    sum_magnitudes(const E* in, size_t vectors, size_t stretch, Partials partials) {
  const size_t begin = blockIdx.x * stretch;
  const size_t end = begin + stretch < vectors ? begin + stretch : vectors;
  double sum = 0;
  for (size_t i = begin + threadIdx.x; i < end; i += kSumThreads) {
    const Vec<E> values = load(in + i * kLanes<E>);
    float run = 0;
#pragma unroll
    for (const float v : values.at) run += fabsf(v);
    sum += static_cast<double>(run);
  }
  store_partial(sum, 1, partials);
}

template <typename E>
__global__ void scale_by_norm(const E* in, E* out, const E* mask, bool accumulate, size_t vectors,
                              double weight, const double* partials) {
  double norm = 0;
  for (int i = 0; i < kPartials; ++i) norm += partials[i];
  const float factor = static_cast<float>(weight / (norm + kLeastNorm * weight));
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    Vec<E> values = load(in + at);
#pragma unroll
    for (float& v : values.at) v *= factor;
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  }
}

}  // namespace

size_t normalize_bytes() {
  return kPartials * sizeof(double);
}

void normalize(const Tensor& in, double weight, const Gradient& gradient, void* scratch, Arithmetic precision,
               cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(in);
    const unsigned blocks = sum_blocks(n);
    const Partials partials{static_cast<double*>(scratch)};
    launch(sum_magnitudes<E>, dim3(blocks), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), stream,
           static_cast<const E*>(in.at), n, (n + blocks - 1) / blocks, partials);
    launch(scale_by_norm<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, static_cast<const E*>(in.at),
           static_cast<E*>(gradient.out.at), static_cast<const E*>(gradient.mask), gradient.accumulate, n,
           weight, static_cast<const double*>(partials.at));
  });
}

namespace {

void queue(const Workspace& w, const Step& step) {
  normalize(w.tensor(step.in), step.scale, w.gradient(step), w.at(step.scratch), w.precision(), w.stream());
}

size_t working(const Shape&, Arithmetic) {
  return normalize_bytes();
}

const RegisterOperation kNormalize("normalize", {queue, working});

}  // namespace

}  // namespace scumble::cuda

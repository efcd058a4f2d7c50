// Total variation, the sum of |dx| + |dy|, with its gradient; the slope of |0| is 0. A block takes a stretch
// of the picture, so that the rows above and below mostly lie in its first-level cache; a thread takes one
// element at a time, because neighbours three floats away fit no vector.
//
// Bytes per element: 4 read (the neighbours from cache), 4 written.
#include "sums.h"

namespace scumble::cuda {
namespace {

__device__ float sign(float x) {
  return static_cast<float>(x > 0) - static_cast<float>(x < 0);
}

__global__ void __launch_bounds__(kSumThreads)
    tv_loss_and_gradient(const float* picture, size_t row, size_t n, size_t stretch, float* gradient,
                         double weight, Partials partials) {
  const size_t begin = blockIdx.x * stretch;
  const size_t end = begin + stretch < n ? begin + stretch : n;
  const float scale = static_cast<float>(weight);
  const size_t step = kSumThreads % row;
  size_t column = (begin + threadIdx.x) % row;  // carried along, because a division costs more than the rest
  double sum = 0;
#pragma unroll 4
  for (size_t i = begin + threadIdx.x; i < end; i += kSumThreads) {
    const float here = picture[i];
    float slope = 0;
    float run = 0;
    if (column >= 3) slope += sign(here - picture[i - 3]);
    if (i >= row) slope += sign(here - picture[i - row]);
    if (column + 3 < row) {
      const float d = picture[i + 3] - here;
      run += fabsf(d);
      slope -= sign(d);
    }
    if (i + row < n) {
      const float d = picture[i + row] - here;
      run += fabsf(d);
      slope -= sign(d);
    }
    sum += static_cast<double>(run);
    gradient[i] = scale * slope;
    column += step;
    if (column >= row) column -= row;
  }
  store_partial(sum, weight, partials);
}

}  // namespace

void total_variation(const float* picture, int width, int height, float* gradient, double weight,
                     const Partials& partials, cudaStream_t stream) {
  const size_t row = static_cast<size_t>(width) * 3;
  const size_t n = row * static_cast<size_t>(height);
  const unsigned blocks = sum_blocks(n);
  launch(tv_loss_and_gradient, dim3(blocks), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), stream,
         picture, row, n, (n + blocks - 1) / blocks, gradient, weight, partials);
}

}  // namespace scumble::cuda

// Total variation, the sum of |dx| + |dy|, with its gradient; the slope of |0| is 0. A block takes a stretch
// of the picture, so that the rows above and below mostly lie in its first-level cache; a thread takes one
// element at a time, because neighbours three floats away fit no vector.
//
// Bytes per element: 4 read (the neighbours from cache; 4 more for accumulate), 4 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

__device__ float sign(float x) {
  return static_cast<float>(x > 0) - static_cast<float>(x < 0);
}

__global__ void __launch_bounds__(kSumThreads)
    tv_loss_and_gradient(const float* picture, size_t row, size_t n, size_t stretch, float* gradient,
                         bool accumulate, float scale, double loss_scale, Partials partials) {
  const size_t begin = blockIdx.x * stretch;
  const size_t end = begin + stretch < n ? begin + stretch : n;
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
    gradient[i] = (accumulate ? gradient[i] : 0) + scale * slope;
    column += step;
    if (column >= row) column -= row;
  }
  store_partial(sum, loss_scale, partials);
}

}  // namespace

void tv(const float* picture, int width, int height, float* gradient, bool accumulate, double scale,
        double loss_scale, const Partials& partials, cudaStream_t stream) {
  const size_t row = static_cast<size_t>(width) * 3;
  const size_t n = row * static_cast<size_t>(height);
  const unsigned blocks = sum_blocks(n);
  launch(tv_loss_and_gradient, dim3(blocks), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), stream,
         picture, row, n, (n + blocks - 1) / blocks, gradient, accumulate, static_cast<float>(scale),
         loss_scale, partials);
}

namespace {

void queue(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  tv(w.floats(step.in), shape.width, shape.height, w.floats(step.out), step.accumulate, step.scale,
     step.loss_scale, w.partials(step), w.stream());
}

const RegisterOperation kTv("tv", {queue});

}  // namespace

}  // namespace scumble::cuda

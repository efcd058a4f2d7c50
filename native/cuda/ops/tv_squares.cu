// Total variation as a sum of squares, with its gradient. A block takes a stretch of the picture, a thread one
// element at a time, which looks at the eight around it: those of pixels at the edge may be met more than once.
//
// Bytes per element: 4 read (the neighbours from cache; 4 more for accumulate), 4 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

struct Pixels {
  const float* at;
  int width;
  int height;

  __device__ float value(int y, int x, int c) const {
    const int row = y < 0 ? 0 : y < height ? y : height - 1;
    const int column = x < 0 ? 0 : x < width ? x : width - 1;
    return at[pixel_index(row, column, width) * 3 + static_cast<size_t>(c)];
  }
};

struct Weights {
  float across;
  float down;
  float diagonal;
  bool inner;
};

// Of the pair of a value and a neighbour; every pair is met twice.
struct Share {
  float loss = 0;
  float slope = 0;

  __device__ void add(float weight, float difference, bool counts) {
    slope += 2 * weight * difference;
    if (counts) loss += weight * difference * difference;
  }
};

// Along a side that is one pixel longer at both ends, a pixel's `k`th place, or -2 where it has none: its own, and those
// that repeat it.
__device__ int place(int own, int size, int k) {
  if (k == 0) return own;
  if (k == 1) return own == 0 ? -1 : -2;
  return own == size - 1 ? size : -2;
}

__device__ Share share_at(const Pixels& p, const Weights& by, int y, int x, int c) {
  Share share;
  const float here = p.value(y, x, c);
  if (!by.inner || y + 1 < p.height) {
    if (x > 0) share.add(by.across, here - p.value(y, x - 1, c), false);
    if (x + 1 < p.width) share.add(by.across, here - p.value(y, x + 1, c), true);
  }
  if (!by.inner || x + 1 < p.width) {
    if (y > 0) share.add(by.down, here - p.value(y - 1, x, c), false);
    if (y + 1 < p.height) share.add(by.down, here - p.value(y + 1, x, c), true);
  }
  if (by.diagonal == 0) return share;
  for (int i = 0; i < 9; ++i) {
    const int py = place(y, p.height, i / 3);
    const int px = place(x, p.width, i % 3);
    if (py == -2 || px == -2) continue;
    for (int corner = 0; corner < 4; ++corner) {
      const int row = py + (corner < 2 ? -1 : 1);
      const int column = px + (corner % 2 == 0 ? -1 : 1);
      if (row < -1 || row > p.height || column < -1 || column > p.width) continue;
      share.add(by.diagonal, here - p.value(row, column, c), corner >= 2);
    }
  }
  return share;
}

__global__ void __launch_bounds__(kSumThreads)
    squares_and_gradient(Pixels picture, Weights by, size_t n, size_t stretch, float* gradient,
                         bool accumulate, float scale, double loss_scale, Partials partials) {
  const size_t begin = blockIdx.x * stretch;
  const size_t end = begin + stretch < n ? begin + stretch : n;
  const size_t row = static_cast<size_t>(picture.width) * 3;
  double sum = 0;
  for (size_t i = begin + threadIdx.x; i < end; i += kSumThreads) {
    const int column = static_cast<int>(i % row);
    const Share share = share_at(picture, by, static_cast<int>(i / row), column / 3, column % 3);
    sum += static_cast<double>(share.loss);
    gradient[i] = (accumulate ? gradient[i] : 0) + scale * share.slope;
  }
  store_partial(sum, loss_scale, partials);
}

}  // namespace

void tv_squares(const float* picture, int width, int height, const Variation& by, float* gradient,
                bool accumulate, double scale, double loss_scale, const Partials& partials,
                cudaStream_t stream) {
  const size_t n = static_cast<size_t>(width) * 3 * static_cast<size_t>(height);
  const unsigned blocks = sum_blocks(n);
  const Weights weights{static_cast<float>(by.across), static_cast<float>(by.down),
                        static_cast<float>(by.diagonal), by.inner};
  launch(squares_and_gradient, dim3(blocks), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), stream,
         Pixels{picture, width, height}, weights, n, (n + blocks - 1) / blocks, gradient, accumulate,
         static_cast<float>(scale), loss_scale, partials);
}

namespace {

void queue(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  tv_squares(w.floats(step.in), shape.width, shape.height, step.variation, w.floats(step.out),
             step.accumulate, step.scale, step.loss_scale, w.partials(step), w.stream());
}

const RegisterOperation kTvSquares("tv_squares", {queue});

}  // namespace

}  // namespace scumble::cuda

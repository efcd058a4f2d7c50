// A picture from the coefficients of its Laplacian pyramid, a launch a level, and the gradient of the coefficients from
// the picture's. A thread makes a pixel: of the whole from four pixels of its half, of the half's gradient from the
// pixels of the whole that lie less than one away, about four by four, row by row.
//
// Bytes per element: laplacian_up reads 4, and the half's quarter from cache, and writes 4; laplacian_up_back reads 16
// of the whole per element of the half, the overlaps from cache, and writes 4.
#include "../../cpp/core/laplacian.h"
#include "../host/operation.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

// Where output i of n lies among m.
struct Tap {
  int at;
  float share;  // of the pixel after that
};

__device__ Tap tap(int i, int n, int m) {
  if (n == 1) return {0, 0};
  const int64_t way = static_cast<int64_t>(i) * (m - 1);
  return {static_cast<int>(way / (n - 1)), static_cast<float>(way % (n - 1)) / static_cast<float>(n - 1)};
}

// The first output of n that lies less than one before i of m.
__device__ int first_near(int i, int n, int m) {
  return i == 0 ? 0 : static_cast<int>(static_cast<int64_t>(i - 1) * (n - 1) / (m - 1)) + 1;
}

__global__ void __launch_bounds__(kThreads) up(Picture half, const float* detail, Picture to) {
  const size_t pixels = static_cast<size_t>(to.height) * static_cast<size_t>(to.width);
  const size_t half_row = static_cast<size_t>(half.width) * 3;
  for (size_t pixel = thread(); pixel < pixels; pixel += threads()) {
    const Tap v = tap(static_cast<int>(pixel / static_cast<size_t>(to.width)), to.height, half.height);
    const Tap h = tap(static_cast<int>(pixel % static_cast<size_t>(to.width)), to.width, half.width);
    const float* upper = half.at + static_cast<size_t>(v.at) * half_row + static_cast<size_t>(h.at) * 3;
    const float* lower = v.at + 1 < half.height ? upper + half_row : upper;
    const int right = h.at + 1 < half.width ? 3 : 0;
#pragma unroll
    for (int c = 0; c < 3; ++c) {
      const float above = (1 - h.share) * upper[c] + h.share * upper[right + c];
      const float below = (1 - h.share) * lower[c] + h.share * lower[right + c];
      to.at[pixel * 3 + c] = detail[pixel * 3 + c] + ((1 - v.share) * above + v.share * below);
    }
  }
}

__global__ void __launch_bounds__(kThreads) up_back(Picture gradient, Picture half) {
  const size_t pixels = static_cast<size_t>(half.height) * static_cast<size_t>(half.width);
  for (size_t pixel = thread(); pixel < pixels; pixel += threads()) {
    const int half_y = static_cast<int>(pixel / static_cast<size_t>(half.width));
    const int half_x = static_cast<int>(pixel % static_cast<size_t>(half.width));
    const int left = first_near(half_x, gradient.width, half.width);
    float sums[3] = {};
    for (int y = first_near(half_y, gradient.height, half.height); y < gradient.height; ++y) {
      const Tap v = tap(y, gradient.height, half.height);
      if (v.at > half_y) break;
      const float weight = v.at == half_y ? 1 - v.share : v.share;
      const float* row = gradient.at + static_cast<size_t>(y) * static_cast<size_t>(gradient.width) * 3;
      for (int x = left; x < gradient.width; ++x) {
        const Tap h = tap(x, gradient.width, half.width);
        if (h.at > half_x) break;
        const float both = weight * (h.at == half_x ? 1 - h.share : h.share);
#pragma unroll
        for (int c = 0; c < 3; ++c) sums[c] += both * row[static_cast<size_t>(x) * 3 + c];
      }
    }
#pragma unroll
    for (int c = 0; c < 3; ++c) half.at[pixel * 3 + c] = sums[c];
  }
}

unsigned blocks_of(const Picture& picture) {
  return blocks_for(static_cast<size_t>(picture.height) * static_cast<size_t>(picture.width));
}

}  // namespace

void laplacian_up(const Picture& half, const float* detail, const Picture& to, cudaStream_t stream) {
  launch(up, dim3(blocks_of(to)), dim3(kThreads), 0, stream, half, detail, to);
}

void laplacian_up_back(const Picture& gradient, const Picture& half, cudaStream_t stream) {
  launch(up_back, dim3(blocks_of(half)), dim3(kThreads), 0, stream, gradient, half);
}

namespace {

void copy(const Workspace& w, float* to, const float* from, const PyramidLevel& level) {
  cudaMemcpyAsync(to, from, level.elements() * sizeof(float), cudaMemcpyDeviceToDevice, w.stream());
}

void synthesise(const Workspace& w, const Step& step) {
  const Pyramid pyramid(w.shape(step.out), w.shape(step.in));
  const auto& levels = pyramid.levels();
  float* coefficients = w.floats(step.in);
  float* half = coefficients + levels.back().offset;
  if (levels.size() == 1) copy(w, w.floats(step.out), half, levels[0]);
  for (size_t l = levels.size() - 1; l-- > 0;) {
    const PyramidLevel& of = levels[l + 1];
    const PyramidLevel& to = levels[l];
    float* finer = l == 0 ? w.floats(step.out) : w.floats(step.scratch) + (to.offset - levels[1].offset);
    laplacian_up({half, of.height, of.width}, coefficients + to.offset, {finer, to.height, to.width},
                 w.stream());
    half = finer;
  }
}

void differentiate(const Workspace& w, const Step& step) {
  const Pyramid pyramid(w.shape(step.in), w.shape(step.out));
  const auto& levels = pyramid.levels();
  float* gradient = w.floats(step.out);
  copy(w, gradient, w.floats(step.in), levels[0]);
  for (size_t l = 1; l < levels.size(); ++l) {
    const PyramidLevel& of = levels[l - 1];
    const PyramidLevel& to = levels[l];
    laplacian_up_back({gradient + of.offset, of.height, of.width},
                      {gradient + to.offset, to.height, to.width}, w.stream());
  }
}

const RegisterOperation kLaplacian("laplacian", {synthesise});
const RegisterOperation kLaplacianBack("laplacian_back", {differentiate});

}  // namespace

}  // namespace scumble::cuda

// Positions drawn by lot: even, or as a mask covers its grid. A thread takes a position; a few thousand take no time.
#include "../../cpp/core/positions.h"
#include "../host/operation.h"
#include "launch.h"
#include "lot.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kBlock = 128;

unsigned blocks_of(int n) {
  return (static_cast<unsigned>(n) + kBlock - 1) / kBlock;
}

__global__ void coverage_of_rows(const float* guide, int height, int width, float* out, double* rows) {
  const int y = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (y >= height) return;
  double sum = 0;
  for (int x = 0; x < width; ++x) {
    const double g = static_cast<double>(guide[static_cast<size_t>(y) * width + x]);
    sum += g * g;
    out[static_cast<size_t>(y) * (width + 1) + x] = static_cast<float>(sum);
  }
  rows[y] = sum;
}

__global__ void coverage_up_to_rows(const double* rows, int height, int width, float* out) {
  double sum = 0;
  for (int y = 0; y < height; ++y) {
    sum += rows[y];
    out[static_cast<size_t>(y) * (width + 1) + width] = static_cast<float>(sum);
  }
}

// The first of `count` sums that are `stride` apart that exceeds this share of the last.
__device__ int first_above(const float* sums, int count, int stride, uint32_t coordinate) {
  const double share = (static_cast<double>(coordinate) + 0.5) * (1.0 / 4294967296.0);
  const double wanted = share * static_cast<double>(sums[static_cast<size_t>(count - 1) * stride]);
  int low = 0;
  int high = count - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (static_cast<double>(sums[static_cast<size_t>(middle) * stride]) > wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

__global__ void draw_positions(int height, int width, const float* covered, uint64_t seed,
                               const Progress* progress, int count, float* out) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  const uint64_t begin = lot(seed, progress);
  const uint32_t down = static_cast<uint32_t>(begin >> 32) + static_cast<uint32_t>(i) * kStepY;
  const uint32_t right = static_cast<uint32_t>(begin) + static_cast<uint32_t>(i) * kStepX;
  int y = static_cast<int>((static_cast<uint64_t>(down) * static_cast<uint64_t>(height)) >> 32);
  int x = static_cast<int>((static_cast<uint64_t>(right) * static_cast<uint64_t>(width)) >> 32);
  if (covered) {
    y = first_above(covered + width, height, width + 1, down);
    x = first_above(covered + static_cast<size_t>(y) * (width + 1), width, 1, right);
  }
  out[2 * i] = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
  out[2 * i + 1] = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
}

void queue_coverage(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.guide);
  double* const rows = static_cast<double*>(w.scratch());
  launch(coverage_of_rows, dim3(blocks_of(grid.height)), dim3(kBlock), 0, w.stream(), w.floats(step.guide),
         grid.height, grid.width, w.floats(step.out), rows);
  launch(coverage_up_to_rows, dim3(1), dim3(1), 0, w.stream(), rows, grid.height, grid.width,
         w.floats(step.out));
}

size_t coverage_scratch(const Plan& plan, const Step& step, Arithmetic) {
  return static_cast<size_t>(plan.buffer(step.guide).shape.height) * sizeof(double);
}

void queue_draw(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  const int count = w.shape(step.out).height;
  launch(draw_positions, dim3(blocks_of(count)), dim3(kBlock), 0, w.stream(), grid.height, grid.width,
         w.floats(step.other), step.seed, w.progress(), count, w.floats(step.out));
}

const RegisterOperation kCoverage("coverage", {queue_coverage, nullptr, coverage_scratch});
const RegisterOperation kDraw("draw", {queue_draw});

}  // namespace
}  // namespace scumble::cuda

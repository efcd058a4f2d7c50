// Directions drawn by lot (core/directions.h), and all positions of a grid. A block makes a row: its coordinates are
// whole numbers, whose squares add up to the same in any order. They are made twice, which is cheaper than kept.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "elements.h"
#include "lot.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kRowThreads = 64;
constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;

__device__ int coordinate_at(uint64_t row, int index) {
  const uint64_t bits = scrambled(row + kStep * (static_cast<uint64_t>(index) + 1));
  const int sum = static_cast<int>(bits & 0xffff) + static_cast<int>(bits >> 16 & 0xffff) +
                  static_cast<int>(bits >> 32 & 0xffff) + static_cast<int>(bits >> 48);
  return 2 * sum - 4 * 0xffff;
}

__global__ void __launch_bounds__(kRowThreads)
    directions(float* out, int channels, uint64_t seed, const Progress* progress) {
  uint64_t* const shared = shared_memory<uint64_t>();
  const int index = static_cast<int>(threadIdx.x);
  const int row = static_cast<int>(blockIdx.x);
  const uint64_t at = scrambled(lot(seed, progress) + kStep * (static_cast<uint64_t>(row) + 1));
  uint64_t squares = 0;
  for (int c = index; c < channels; c += static_cast<int>(kRowThreads)) {
    const int64_t value = coordinate_at(at, c);
    squares += static_cast<uint64_t>(value * value);
  }
  shared[index] = squares;
  __syncthreads();
  squares = 0;
  for (unsigned i = 0; i < kRowThreads; ++i) squares += shared[i];
  const double each = squares > 0 ? 1 / sqrt(static_cast<double>(squares)) : 0;
  float* const to = out + static_cast<size_t>(row) * static_cast<size_t>(channels);
  for (int c = index; c < channels; c += static_cast<int>(kRowThreads))
    to[c] = static_cast<float>(each * coordinate_at(at, c));
}

__global__ void __launch_bounds__(kThreads) cells(float* out, int height, int width) {
  const size_t n = static_cast<size_t>(height) * static_cast<size_t>(width);
  for (size_t i = thread(); i < n; i += threads()) {
    const int y = static_cast<int>(i / static_cast<size_t>(width));
    const int x = static_cast<int>(i % static_cast<size_t>(width));
    out[2 * i] = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
    out[2 * i + 1] = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
  }
}

void queue_directions(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.out);
  launch(directions, dim3(static_cast<unsigned>(shape.height)), dim3(kRowThreads),
         kRowThreads * sizeof(uint64_t), w.stream(), w.floats(step.out), shape.channels, step.seed,
         static_cast<const Progress*>(w.progress()));
}

void queue_cells(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  launch(cells, dim3(blocks_for(grid.positions())), dim3(kThreads), 0, w.stream(), w.floats(step.out),
         grid.height, grid.width);
}

const RegisterOperation kDirections("directions", {queue_directions});
const RegisterOperation kCells("cells", {queue_cells});

}  // namespace
}  // namespace scumble::cuda

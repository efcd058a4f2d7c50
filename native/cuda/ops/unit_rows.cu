// Rows of length 1, and their gradient: a row a block, whose products are summed in double.
//
// Elements moved per element: unit_rows 1 read, 1 more from cache, 1 written; unit_rows_back twice as many reads.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kBlock = 256;

template <int N>
constexpr size_t kBytes = block_sums_bytes<N>(kBlock) + N * sizeof(double);

// N sums over a block, for all its threads.
template <int N>
__device__ void all_sums(double (&values)[N]) {
  double* const totals = shared_memory<double>() + kBlock / kWarp * N;
  const double total = block_sums(values);
  if (threadIdx.x < N) totals[threadIdx.x] = total;
  __syncthreads();
  for (int i = 0; i < N; ++i) values[i] = totals[i];
}

__global__ void __launch_bounds__(kBlock) scale_rows(const float* in, int columns, float* out) {
  const size_t row = static_cast<size_t>(blockIdx.x) * columns;
  double square[1] = {};
  for (int k = static_cast<int>(threadIdx.x); k < columns; k += static_cast<int>(kBlock)) {
    const double v = static_cast<double>(in[row + k]);
    square[0] += v * v;
  }
  all_sums(square);
  const float by = square[0] > 0 ? static_cast<float>(1 / sqrt(square[0])) : 0;
  for (int k = static_cast<int>(threadIdx.x); k < columns; k += static_cast<int>(kBlock))
    out[row + k] = by * in[row + k];
}

__global__ void __launch_bounds__(kBlock)
    scale_rows_back(const float* gradient, const float* in, int columns, double scale, float* out) {
  const size_t row = static_cast<size_t>(blockIdx.x) * columns;
  double sums[2] = {};
  for (int k = static_cast<int>(threadIdx.x); k < columns; k += static_cast<int>(kBlock)) {
    const double v = static_cast<double>(in[row + k]);
    sums[0] += v * v;
    sums[1] += v * static_cast<double>(gradient[row + k]);
  }
  all_sums(sums);
  const float by = sums[0] > 0 ? static_cast<float>(scale / sqrt(sums[0])) : 0;
  const float along = sums[0] > 0 ? static_cast<float>(sums[1] / sums[0]) : 0;
  for (int k = static_cast<int>(threadIdx.x); k < columns; k += static_cast<int>(kBlock))
    out[row + k] = by * (gradient[row + k] - along * in[row + k]);
}

void queue_units(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  launch(scale_rows, dim3(static_cast<unsigned>(shape.height)), dim3(kBlock), kBytes<1>, w.stream(),
         w.floats(step.in), shape.channels, w.floats(step.out));
}

void queue_back(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  launch(scale_rows_back, dim3(static_cast<unsigned>(shape.height)), dim3(kBlock), kBytes<2>, w.stream(),
         w.floats(step.in), w.floats(step.other), shape.channels, step.scale, w.floats(step.out));
}

const RegisterOperation kUnitRows("unit_rows", {queue_units});
const RegisterOperation kUnitRowsBack("unit_rows_back", {queue_back});

}  // namespace
}  // namespace scumble::cuda

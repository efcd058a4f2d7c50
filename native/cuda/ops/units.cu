// Rows in direction only, away from their mean; how near they are to what they are matched with, and which way is
// nearer. A warp takes a row, so neighbours read neighbours. Sums are in double.
//
// Elements moved per element: units 2 read, 1 written and 1 read for the means; cosine the same twice.
#include "../host/operation.h"
#include "nearest.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kWarps = kSumThreads / kWarp;
constexpr unsigned kMeansOfBlock = kWarp;

// A warp takes every sixteenth row, a lane a channel.
__global__ void __launch_bounds__(kSumThreads)
    row_means(const float* rows, int count, int channels, float* means) {
  double* const sums = shared_memory<double>();  // [warp][lane]
  const unsigned lane = threadIdx.x % kWarp;
  const unsigned warp = threadIdx.x / kWarp;
  const int channel = static_cast<int>(blockIdx.x * kMeansOfBlock + lane);
  double sum = 0;
  for (int i = static_cast<int>(warp); i < count && channel < channels; i += static_cast<int>(kWarps))
    sum += static_cast<double>(rows[static_cast<size_t>(i) * channels + channel]);
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (warp > 0 || channel >= channels) return;
  for (unsigned w = 1; w < kWarps; ++w) sum += sums[w * kWarp + lane];
  means[channel] = static_cast<float>(sum / count);
}

void means_of(const float* rows, const Shape& shape, float* means, cudaStream_t stream) {
  const auto channels = static_cast<unsigned>(shape.channels);
  launch(row_means, dim3((channels + kMeansOfBlock - 1) / kMeansOfBlock), dim3(kSumThreads),
         kSumThreads * sizeof(double), stream, rows, shape.height, shape.channels, means);
}

// In all lanes.
__device__ double warp_sum(double value) {
  const double values[1] = {value};
  return warp_sums(values);
}

// Calls visit(row) for those that this warp takes.
template <typename Visit>
__device__ void each_row(int count, const Visit& visit) {
  for (int i = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarp); i < count;
       i += static_cast<int>(gridDim.x * kWarps))
    visit(static_cast<size_t>(i));
}

unsigned row_blocks(int count) {
  return sum_blocks(static_cast<size_t>(count) * kWarp);
}

__global__ void __launch_bounds__(kSumThreads)
    unit_rows(const float* in, int count, int channels, const float* means, float* out, float* inverses) {
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  each_row(count, [&](size_t i) {
    const float* const from = in + i * channels;
    double squares = 0;
    for (int c = lane; c < channels; c += static_cast<int>(kWarp)) {
      const auto away = static_cast<double>(from[c] - means[c]);
      squares += away * away;
    }
    const double length = sqrt(warp_sum(squares));
    const float inverse = length == 0 ? 0 : static_cast<float>(1 / length);
    for (int c = lane; c < channels; c += static_cast<int>(kWarp))
      out[i * channels + c] = (from[c] - means[c]) * inverse;
    if (lane == 0) inverses[i] = inverse;
  });
}

__global__ void __launch_bounds__(kSumThreads)
    cosine_rows(const float* in, int count, int channels, const float* panels, int pitch,
                const float* matches, const float* inverses, float scale, double loss_scale, float* out,
                Partials partials) {
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  double sum = 0;
  each_row(count, [&](size_t i) {
    const float* const row = in + i * channels;
    const float* const other = panels + static_cast<int>(matches[2 * i]);
    double products = 0;
    for (int c = lane; c < channels; c += static_cast<int>(kWarp))
      products += static_cast<double>(row[c]) * static_cast<double>(other[static_cast<size_t>(c) * pitch]);
    const double cosine = warp_sum(products);
    const auto along = static_cast<float>(cosine);
    const float by = scale * inverses[i];
    for (int c = lane; c < channels; c += static_cast<int>(kWarp))
      out[i * channels + c] = by * (along * row[c] - other[static_cast<size_t>(c) * pitch]);
    if (lane == 0) sum += 1 - cosine;
  });
  store_partial(sum, loss_scale, partials);
}

__global__ void centre_rows(float* out, size_t elements, int channels, const float* means) {
  for (size_t i = thread(); i < elements; i += threads()) out[i] -= means[i % static_cast<size_t>(channels)];
}

void queue_units(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  auto* const means = static_cast<float*>(w.scratch());
  means_of(w.floats(step.in), shape, means, w.stream());
  launch(unit_rows, dim3(row_blocks(shape.height)), dim3(kSumThreads), 0, w.stream(),
         static_cast<const float*>(w.floats(step.in)), shape.height, shape.channels,
         static_cast<const float*>(means), w.floats(step.out), w.floats(step.scratch));
}

void queue_cosine(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  launch(cosine_rows, dim3(row_blocks(shape.height)), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads),
         w.stream(), static_cast<const float*>(w.floats(step.in)), shape.height, shape.channels,
         static_cast<const float*>(w.floats(step.other)), panel_pitch(w.shape(step.other)),
         static_cast<const float*>(w.floats(step.statistic)),
         static_cast<const float*>(w.floats(step.scratch)), static_cast<float>(step.scale), step.loss_scale,
         w.floats(step.out), w.partials(step));
  auto* const means = static_cast<float*>(w.scratch());
  means_of(w.floats(step.out), shape, means, w.stream());
  launch(centre_rows, dim3(blocks_for(shape.elements())), dim3(kThreads), 0, w.stream(), w.floats(step.out),
         shape.elements(), shape.channels, static_cast<const float*>(means));
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  return static_cast<size_t>(plan.buffer(step.in).shape.channels) * sizeof(float);
}

const RegisterOperation kUnits("units", {queue_units, nullptr, scratch});
const RegisterOperation kCosine("cosine", {queue_cosine, nullptr, scratch});

}  // namespace
}  // namespace scumble::cuda

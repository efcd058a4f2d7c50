// Resampling, across and then down, as cpu/resample.cpp does it:
// the weights are made first, in double, one thread per output sample; then every output element is one
// thread's sum over its taps, in float and in order. Weights lie tap by tap, so that neighbouring threads
// read neighbouring ones. Bound by the first-level cache, not by memory: it runs once per scale, not in the
// loop.
#include <cmath>

#include "elements.h"

namespace scumble::cuda {
namespace {

constexpr double kWidest = 3;          // the radius of the widest filter
constexpr unsigned kGridRows = 65535;  // CUDA's limit for a grid's second axis

// For every output sample the first input sample it looks at and how many; weight t of sample i is at
// weights[t * to + i].
struct Weights {
  int from;
  int to;
  int* first;
  int* count;
  float* weights;
};

size_t aligned(size_t bytes) {
  return (bytes + 15) / 16 * 16;
}

int most_taps(int from, int to) {
  const double stretch = std::max(1.0, static_cast<double>(from) / to);
  return std::min(from, static_cast<int>(std::ceil(2 * kWidest * stretch)) + 1);
}

size_t filter_bytes(int from, int to) {
  const size_t n = static_cast<size_t>(to);
  return 2 * aligned(n * sizeof(int)) + aligned(n * static_cast<size_t>(most_taps(from, to)) * sizeof(float));
}

size_t narrow_bytes(int height, int channels, int to_width) {
  return aligned(static_cast<size_t>(height) * static_cast<size_t>(to_width) * static_cast<size_t>(channels) *
                 sizeof(float));
}

Weights filter_at(unsigned char* at, int from, int to) {
  const size_t ints = aligned(static_cast<size_t>(to) * sizeof(int));
  return {from, to, reinterpret_cast<int*>(at), reinterpret_cast<int*>(at + ints),
          reinterpret_cast<float*>(at + 2 * ints)};
}

__global__ void resample_weights(Filter kind, Weights filter) {
  const int i = static_cast<int>(thread());
  if (i >= filter.to) return;
  const Taps taps(kind, i, filter.from, filter.to);
  double total = 0;
  for (int k = taps.begin; k < taps.end; ++k) total += taps.weight(k);
  for (int k = taps.begin; k < taps.end; ++k) {
    filter.weights[static_cast<size_t>(k - taps.begin) * static_cast<size_t>(filter.to) +
                   static_cast<size_t>(i)] = static_cast<float>(taps.weight(k) / total);
  }
  filter.first[i] = taps.begin;
  filter.count[i] = taps.end - taps.begin;
}

__global__ void resample_across(const float* from, Weights filter, int height, int channels, float* to) {
  const int row = filter.to * channels;
  const int i = static_cast<int>(thread());
  if (i >= row) return;
  const int x = i / channels;
  const float* weights = filter.weights + x;
  const int count = filter.count[x];
  for (size_t y = blockIdx.y; y < static_cast<size_t>(height); y += gridDim.y) {
    const float* source = from +
                          (y * static_cast<size_t>(filter.from) + static_cast<size_t>(filter.first[x])) *
                              static_cast<size_t>(channels) +
                          i % channels;
    float value = 0;
    for (int t = 0; t < count; ++t) {
      value += weights[static_cast<size_t>(t) * static_cast<size_t>(filter.to)] *
               source[static_cast<size_t>(t) * static_cast<size_t>(channels)];
    }
    to[y * static_cast<size_t>(row) + static_cast<size_t>(i)] = value;
  }
}

__global__ void resample_down(const float* from, Weights filter, size_t row, float low, float high,
                              float* to) {
  const size_t i = thread();
  if (i >= row) return;
  for (size_t y = blockIdx.y; y < static_cast<size_t>(filter.to); y += gridDim.y) {
    const float* weights = filter.weights + y;
    const float* source = from + static_cast<size_t>(filter.first[y]) * row + i;
    const int count = filter.count[y];
    float value = 0;
    for (int t = 0; t < count; ++t) {
      value += weights[static_cast<size_t>(t) * static_cast<size_t>(filter.to)] *
               source[static_cast<size_t>(t) * row];
    }
    to[y * row + i] = value < low ? low : value > high ? high : value;
  }
}

dim3 grid_of(size_t row, int rows) {
  return {static_cast<unsigned>((row + kThreads - 1) / kThreads),
          std::min(static_cast<unsigned>(rows), kGridRows)};
}

}  // namespace

size_t resample_scratch_bytes(int width, int height, int channels, int to_width, int to_height) {
  return narrow_bytes(height, channels, to_width) + filter_bytes(width, to_width) +
         filter_bytes(height, to_height);
}

void resample(const float* from, int width, int height, int channels, int to_width, int to_height,
              const Resampling& how, float* to, void* scratch, cudaStream_t stream) {
  unsigned char* at = static_cast<unsigned char*>(scratch);
  float* narrow = reinterpret_cast<float*>(at);
  at += narrow_bytes(height, channels, to_width);
  const Weights columns = filter_at(at, width, to_width);
  const Weights rows = filter_at(at + filter_bytes(width, to_width), height, to_height);
  for (const Weights& filter : {columns, rows}) {
    launch(resample_weights, grid_of(static_cast<size_t>(filter.to), 1), dim3(kThreads), 0, stream,
           how.filter, filter);
  }
  const size_t row = static_cast<size_t>(to_width) * static_cast<size_t>(channels);
  launch(resample_across, grid_of(row, height), dim3(kThreads), 0, stream, from, columns, height, channels,
         narrow);
  launch(resample_down, grid_of(row, to_height), dim3(kThreads), 0, stream, static_cast<const float*>(narrow),
         rows, row, how.low, how.high, to);
}

}  // namespace scumble::cuda

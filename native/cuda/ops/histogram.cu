// Histograms of channels. A value counts for the two points that it lies between, by nearness: ranks then move
// smoothly with values, and rounding cannot tip one into another bin.
//
// Shares are counted as integers, units of kUnit, so that the sums are exact and the same in whatever order
// they come: a block counts kChannels channels over kPositions positions in shared memory, where 32 bits hold
// them, and adds what it has to 64 bits in memory. ReLUs leave zeros, which all count for the lowest point: a
// thread counts these by itself, because they would queue for one address.
//
// Elements moved per element: 2 read, one for the range and one for the counts.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "histogram.h"

namespace scumble::cuda {
namespace {

constexpr int kChannels = 16;     // of a block
constexpr int kPositions = 4095;  // whose shares together stay below 2^32
constexpr unsigned kUnit = 1u << 20;
constexpr int kMostPoints = 256;  // working memory is asked for before a histogram is made
constexpr int kMostSplits = 256;  // of the positions, for the range
constexpr int kLeastPositions = 256;
constexpr int kMostPositionBlocks = 1 << 12;

int range_splits(int positions) {
  return std::min(kMostSplits, (positions + kLeastPositions - 1) / kLeastPositions);
}

// Scratch, cut up.
struct Scratch {
  float* lows;  // [split][channel]
  float* highs;
  unsigned long long* counts;  // [point][channel]
  size_t bytes;

  Scratch(void* memory, int channels, int positions, int points) {
    const size_t c = static_cast<size_t>(channels);
    const size_t counted = c * static_cast<size_t>(points);
    const size_t ranges = c * static_cast<size_t>(range_splits(positions));
    counts = static_cast<unsigned long long*>(memory);
    lows = reinterpret_cast<float*>(counts + counted);
    highs = lows + ranges;
    bytes = counted * sizeof *counts + 2 * ranges * sizeof(float);
  }
};

// A thread takes a vector of channels over a block's share of the positions, so neighbours read neighbours. Also
// begins the counts.
template <typename E>
__global__ void histogram_ranges(Tensor in, Scratch scratch, size_t counts) {
  for (size_t i = thread() + blockIdx.y * threads(); i < counts; i += threads() * gridDim.y)
    scratch.counts[i] = 0;
  const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kLanes<E>;
  if (first >= in.channels) return;
  const int64_t positions = static_cast<int64_t>(in.height) * in.width;
  const int64_t end = positions * (blockIdx.y + 1) / gridDim.y;
  Vec<E> low;
  Vec<E> high;
#pragma unroll
  for (int k = 0; k < kLanes<E>; ++k) {
    low.at[k] = INFINITY;
    high.at[k] = -INFINITY;
  }
#pragma unroll 4
  for (int64_t position = positions * blockIdx.y / gridDim.y; position < end; ++position) {
    const Vec<E> values = load(static_cast<const E*>(in.at) + position * padded(in.channels) + first);
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (values.at[k] < low.at[k]) low.at[k] = values.at[k];
      if (values.at[k] > high.at[k]) high.at[k] = values.at[k];
    }
  }
  for (int k = 0; k < kLanes<E> && first + k < in.channels; ++k) {
    const size_t at = static_cast<size_t>(blockIdx.y) * in.channels + first + k;
    scratch.lows[at] = low.at[k];
    scratch.highs[at] = high.at[k];
  }
}

__global__ void histogram_range(Scratch scratch, int splits, int channels, float* low, float* high) {
  const int channel = static_cast<int>(thread());
  if (channel >= channels) return;
  float least = INFINITY;
  float most = -INFINITY;
#pragma unroll 8
  for (int split = 0; split < splits; ++split) {
    least = fminf(least, scratch.lows[static_cast<size_t>(split) * channels + channel]);
    most = fmaxf(most, scratch.highs[static_cast<size_t>(split) * channels + channel]);
  }
  low[channel] = least;
  high[channel] = most;
}

template <typename E>
__global__ void __launch_bounds__(kThreads)
    histogram_counts(Tensor in, const float* low, const float* high, int points, Scratch scratch) {
  constexpr int kVectors = kChannels / kLanes<E>;
  constexpr int kRows = static_cast<int>(kThreads) / kVectors;
  unsigned* const shared = shared_memory<unsigned>();  // [point][channel]
  const int index = static_cast<int>(threadIdx.x);
  const int mine = index % kVectors * kLanes<E>;
  const int first = static_cast<int>(blockIdx.y) * kChannels;
  const int positions = in.height * in.width;
  float lows[kLanes<E>] = {};
  float steps[kLanes<E>] = {};
  for (int k = 0; k < kLanes<E> && first + mine + k < in.channels; ++k) {
    lows[k] = low[first + mine + k];
    steps[k] = steps_of(lows[k], high[first + mine + k], points);
  }
  for (int begin = static_cast<int>(blockIdx.x) * kPositions; begin < positions;
       begin += static_cast<int>(gridDim.x) * kPositions) {
    for (int i = index; i < points * kChannels; i += static_cast<int>(kThreads)) shared[i] = 0;
    __syncthreads();
    unsigned lowest[kLanes<E>] = {};
    const int end = min(positions, begin + kPositions);
    for (int position = begin + index / kVectors; position < end; position += kRows) {
      if (first + mine >= padded(in.channels)) break;
      const Vec<E> values = load(static_cast<const E*>(in.at) +
                                 static_cast<size_t>(position) * padded(in.channels) + first + mine);
#pragma unroll
      for (int k = 0; k < kLanes<E>; ++k) {
        const Place place(values.at[k], lows[k], steps[k], points);
        const auto next = static_cast<unsigned>(place.share * static_cast<float>(kUnit) + 0.5f);
        if (place.index == 0 && next == 0) {
          lowest[k] += kUnit;
          continue;
        }
        unsigned* const to = shared + place.index * kChannels + mine + k;
        atomicAdd(to, kUnit - next);
        if (next > 0) atomicAdd(to + kChannels, next);
      }
    }
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (lowest[k] > 0) atomicAdd(shared + mine + k, lowest[k]);
    }
    __syncthreads();
    for (int i = index; i < points * kChannels; i += static_cast<int>(kThreads)) {
      const int channel = first + i % kChannels;
      if (shared[i] > 0 && channel < in.channels) {
        atomicAdd(scratch.counts + static_cast<size_t>(i / kChannels) * in.channels + channel,
                  static_cast<unsigned long long>(shared[i]));
      }
    }
    __syncthreads();
  }
}

__global__ void histogram_finish(Scratch scratch, size_t n, float* counts) {
  for (size_t i = thread(); i < n; i += threads())
    counts[i] = static_cast<float>(static_cast<double>(scratch.counts[i]) / kUnit);
}

}  // namespace

size_t histogram_bytes(int channels, int height, int width) {
  return Scratch(nullptr, channels, height * width, kMostPoints).bytes;
}

void histogram(const Tensor& features, int points, float* out, void* scratch, Arithmetic precision,
               cudaStream_t stream) {
  const int channels = features.channels;
  const int positions = features.height * features.width;
  const Scratch at(scratch, channels, positions, points);
  const int splits = range_splits(positions);
  const size_t counts = static_cast<size_t>(points) * static_cast<size_t>(channels);
  float* const high = out + channels;
  const int blocks = std::min((positions + kPositions - 1) / kPositions, kMostPositionBlocks);
  const auto groups = static_cast<unsigned>((channels + kChannels - 1) / kChannels);
  constexpr unsigned kRangeThreads = 64;
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const auto vectors = static_cast<unsigned>(vectors_of_pixel<E>(features));
    launch(histogram_ranges<E>,
           dim3((vectors + kRangeThreads - 1) / kRangeThreads, static_cast<unsigned>(splits)),
           dim3(kRangeThreads), 0, stream, features, at, counts);
    launch(histogram_range, dim3(blocks_for(static_cast<size_t>(channels))), dim3(kThreads), 0, stream, at,
           splits, channels, out, high);
    launch(histogram_counts<E>, dim3(static_cast<unsigned>(blocks), groups), dim3(kThreads),
           static_cast<size_t>(points) * kChannels * sizeof(unsigned), stream, features,
           static_cast<const float*>(out), static_cast<const float*>(high), points, at);
  });
  launch(histogram_finish, dim3(blocks_for(counts)), dim3(kThreads), 0, stream, at, counts, high + channels);
}

namespace {

void queue(const Workspace& w, const Step& step) {
  histogram(w.tensor(step.in), points_of(w.shape(step.out)), w.floats(step.out), w.at(step.scratch),
            w.precision(), w.stream());
}

size_t working(const Shape& features, Arithmetic) {
  return histogram_bytes(features.channels, features.height, features.width);
}

const RegisterOperation kHistogram("histogram", {queue, working});

}  // namespace
}  // namespace scumble::cuda

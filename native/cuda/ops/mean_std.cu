// Channel means and standard deviations. Values are summed in double from the first: a variance is a small
// difference of large sums.
//
// channel_sums takes one split of the positions and up to kChannels channels a block: threads take a vector of a
// position each, and those of the same channels are then added in order. mean_std_finish adds the splits, eight
// warps every eighth of them, for 32 channels a block.
//
// Elements moved per element: channel_sums 1 read; mean_std_back 1 read (+ 1 each for accumulate and mask), 1
// written.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

constexpr int kChannels = 64;
constexpr int kLeastPositions = 64;  // of a split
constexpr int kMostSplits = 256;
constexpr unsigned kLanesOfFinish = 32;
constexpr unsigned kWarpsOfFinish = 8;

int splits_of(int positions) {
  return std::min(kMostSplits, (positions + kLeastPositions - 1) / kLeastPositions);
}

// Sums of F, then of F^2, of a block's split.
template <typename E>
__global__ void __launch_bounds__(kThreads)
    channel_sums_of_splits(const E* features, const float* guide, int channels, int positions,
                           bool accumulate, double* sums) {
  constexpr int kVectors = kChannels / kLanes<E>;
  constexpr int kRows = static_cast<int>(kThreads) / kVectors;
  double* const shared = shared_memory<double>();  // [row][F, F^2][channel]
  const int index = static_cast<int>(threadIdx.x);
  const int row = index / kVectors;
  const int vector = index % kVectors * kLanes<E>;
  const int first = static_cast<int>(blockIdx.y) * kChannels;
  const int split = static_cast<int>(blockIdx.x);
  const int splits = static_cast<int>(gridDim.x);
  const auto bound = [&](int s) { return static_cast<int>(static_cast<int64_t>(positions) * s / splits); };

  double once[kLanes<E>] = {};
  double squared[kLanes<E>] = {};
  if (first + vector < padded(channels)) {
    const int end = bound(split + 1);
    for (int position = bound(split) + row; position < end; position += kRows) {
      const Vec<E> values =
          load(features + static_cast<size_t>(position) * padded(channels) + first + vector);
      const double by = guide ? static_cast<double>(guide[position]) : 1;
      const double weight = by * by;
#pragma unroll
      for (int k = 0; k < kLanes<E>; ++k) {
        const double value = static_cast<double>(values.at[k]);
        once[k] += value * weight;
        squared[k] += value * value * weight;
      }
    }
  }
#pragma unroll
  for (int k = 0; k < kLanes<E>; ++k) {
    shared[row * 2 * kChannels + vector + k] = once[k];
    shared[row * 2 * kChannels + kChannels + vector + k] = squared[k];
  }
  __syncthreads();
  const int channel = first + index % kChannels;
  if (index >= 2 * kChannels || channel >= channels) return;
  double* const to = sums + (static_cast<size_t>(split) * 2 + index / kChannels) * channels + channel;
  double sum = accumulate ? *to : 0;
  for (int r = 0; r < kRows; ++r) sum += shared[r * 2 * kChannels + index];
  *to = sum;
}

__global__ void __launch_bounds__(kLanesOfFinish* kWarpsOfFinish)
    mean_std_finish(const double* sums, int splits, int channels, double scale, float* out) {
  double* const shared = shared_memory<double>();  // [warp][F, F^2][lane]
  const int lane = static_cast<int>(threadIdx.x % kLanesOfFinish);
  const int warp = static_cast<int>(threadIdx.x / kLanesOfFinish);
  const int channel = static_cast<int>(blockIdx.x * kLanesOfFinish) + lane;
  double once = 0;
  double squared = 0;
  if (channel < channels) {
#pragma unroll 4
    for (int split = warp; split < splits; split += kWarpsOfFinish) {
      const double* const from = sums + static_cast<size_t>(split) * 2 * channels + channel;
      once += from[0];
      squared += from[channels];
    }
  }
  shared[(warp * 2) * kLanesOfFinish + lane] = once;
  shared[(warp * 2 + 1) * kLanesOfFinish + lane] = squared;
  __syncthreads();
  if (warp > 0 || channel >= channels) return;
  for (unsigned w = 1; w < kWarpsOfFinish; ++w) {
    once += shared[(w * 2) * kLanesOfFinish + lane];
    squared += shared[(w * 2 + 1) * kLanesOfFinish + lane];
  }
  const double mean = once * scale;
  const double variance = squared * scale - mean * mean;
  out[channel] = static_cast<float>(mean);
  out[channels + channel] = static_cast<float>(sqrt(variance > 0 ? variance : 0));
}

// d mean / dF = scale and d deviation / dF = scale (F - mean) / deviation, times the guide's square; where all
// are alike, the deviation has no slope.
template <typename E>
__global__ void mean_std_to_features(Tensor in, const float* guide, const float* statistic, const float* by,
                                     double scale, E* out, const E* mask, bool accumulate) {
  const int first = channels_of_thread<E>(in);
  float mean[kLanes<E>] = {};
  float by_mean[kLanes<E>] = {};
  float by_deviation[kLanes<E>] = {};
  for (int k = 0; k < kLanes<E> && first + k < in.channels; ++k) {
    const int channel = first + k;
    const double deviation = static_cast<double>(statistic[in.channels + channel]);
    mean[k] = statistic[channel];
    by_mean[k] = static_cast<float>(static_cast<double>(by[channel]) * scale);
    if (deviation > 0) {
      by_deviation[k] =
          static_cast<float>(static_cast<double>(by[in.channels + channel]) * scale / deviation);
    }
  }
  each_pixel<E>(in, [&](size_t pixel, size_t at) {
    Vec<E> values = load(static_cast<const E*>(in.at) + at);
    const float weight = guide ? guide[pixel] * guide[pixel] : 1;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k)
      values.at[k] = weight * (by_mean[k] + by_deviation[k] * (values.at[k] - mean[k]));
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  });
}

}  // namespace

size_t channel_sums_bytes(int channels, int height, int width) {
  return static_cast<size_t>(splits_of(height * width)) * 2 * static_cast<size_t>(channels) * sizeof(double);
}

void channel_sums(const Tensor& features, const float* guide, const Rows& rows, bool accumulate, double* sums,
                  Arithmetic precision, cudaStream_t stream) {
  const Tensor part = rows_of(features, rows, precision);
  const float* const guide_of_part =
      guide ? guide + static_cast<size_t>(rows.first) * static_cast<size_t>(features.width) : nullptr;
  const dim3 grid(static_cast<unsigned>(splits_of(features.height * features.width)),
                  static_cast<unsigned>((features.channels + kChannels - 1) / kChannels));
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(channel_sums_of_splits<E>, grid, dim3(kThreads), kThreads * kLanes<E> * 2 * sizeof(double), stream,
           static_cast<const E*>(part.at), guide_of_part, part.channels, part.height * part.width, accumulate,
           sums);
  });
}

void mean_std(const double* sums, const Tensor& features, double scale, float* out, cudaStream_t stream) {
  launch(mean_std_finish,
         dim3((static_cast<unsigned>(features.channels) + kLanesOfFinish - 1) / kLanesOfFinish),
         dim3(kLanesOfFinish * kWarpsOfFinish), kLanesOfFinish * kWarpsOfFinish * 2 * sizeof(double), stream,
         sums, splits_of(features.height * features.width), features.channels, scale, out);
}

void mean_std_back(const Tensor& in, const float* guide, const float* statistic, const float* by,
                   double scale, const Gradient& gradient, Arithmetic precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(mean_std_to_features<E>, dim3(pixel_blocks<E>(in, kThreads, kBlocks)), dim3(kThreads), 0, stream,
           in, guide, statistic, by, scale, static_cast<E*>(gradient.out.at),
           static_cast<const E*>(gradient.mask), gradient.accumulate);
  });
}

namespace {

void queue_sums(const Workspace& w, const Step& step) {
  channel_sums(w.tensor(step.in), w.floats(step.guide), {step.first_row, step.rows}, step.accumulate,
               static_cast<double*>(w.at(step.out)), w.precision(), w.stream());
}

// The shape of the features is that of their sums.
void queue_finish(const Workspace& w, const Step& step) {
  mean_std(static_cast<const double*>(w.at(step.in)), w.tensor(step.in), step.scale, w.floats(step.out),
           w.stream());
}

void queue_back(const Workspace& w, const Step& step) {
  mean_std_back(w.tensor(step.in), w.floats(step.guide), w.floats(step.statistic), w.floats(step.other),
                step.scale, w.gradient(step), w.precision(), w.stream());
}

size_t working(const Shape& features, Arithmetic) {
  return channel_sums_bytes(features.channels, features.height, features.width);
}

const RegisterOperation kChannelSums("channel_sums", {queue_sums, working});
const RegisterOperation kMeanStd("mean_std", {queue_finish});
const RegisterOperation kMeanStdBack("mean_std_back", {queue_back});

}  // namespace
}  // namespace scumble::cuda

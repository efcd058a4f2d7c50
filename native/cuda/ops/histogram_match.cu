// What follows from histograms: quantiles, and the difference of features from what has other quantiles and
// their own ranks.
//
// Elements moved per element of histogram_back: 1 read (+ 1 each for accumulate and mask), 1 written.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "histogram.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

// Ranks of a channel's points, by a block with a thread for each: the share of values below, those at the
// point itself counting half. `shared`: two lists of points.
__device__ double* ranks(const float* histogram, int channels, int channel, int points, double* shared) {
  const int index = static_cast<int>(threadIdx.x);
  const double here = static_cast<double>(histogram[static_cast<size_t>(2 + index) * channels + channel]);
  double* sums = shared;
  double* next = shared + points;
  sums[index] = here;
  __syncthreads();
  for (int step = 1; step < points; step *= 2) {
    next[index] = index >= step ? sums[index - step] + sums[index] : sums[index];
    __syncthreads();
    double* const before = sums;
    sums = next;
    next = before;
  }
  next[index] = (sums[index] - here / 2) / sums[points - 1];
  __syncthreads();
  return next;
}

// Between two points in proportion to their ranks. A block has as many threads as there are points.
__global__ void histogram_quantiles(const float* histogram, int channels, int points, int count, float* out) {
  const int channel = static_cast<int>(blockIdx.x);
  const double* const rank = ranks(histogram, channels, channel, points, shared_memory<double>());
  const double low = static_cast<double>(histogram[channel]);
  const double step = (static_cast<double>(histogram[channels + channel]) - low) / (points - 1);
  for (int q = static_cast<int>(threadIdx.x); q < count; q += points) {
    const double wanted = (q + 0.5) / count;
    int i = 0;  // the first point of this rank or more
    for (int beyond = points; i < beyond;) {
      const int middle = (i + beyond) / 2;
      if (rank[middle] < wanted) {
        i = middle + 1;
      } else {
        beyond = middle;
      }
    }
    double at = i;  // in points
    if (i == points) {
      at = points - 1;
    } else if (i > 0) {
      at = i - 1 + (wanted - rank[i - 1]) / (rank[i] - rank[i - 1]);
    }
    out[static_cast<size_t>(q) * channels + channel] = static_cast<float>(low + at * step);
  }
}

// What each point becomes: the target's value of the same rank.
__global__ void histogram_map(const float* histogram, int channels, int points, const float* target,
                              int count, float* map) {
  const int channel = static_cast<int>(blockIdx.x);
  const int index = static_cast<int>(threadIdx.x);
  const double* const rank = ranks(histogram, channels, channel, points, shared_memory<double>());
  const double at = fmin(fmax(rank[index] * count - 0.5, 0.0), count - 1.0);
  const int below = min(static_cast<int>(at), count - 2);
  const double q0 = static_cast<double>(target[static_cast<size_t>(below) * channels + channel]);
  const double q1 = static_cast<double>(target[static_cast<size_t>(below + 1) * channels + channel]);
  map[static_cast<size_t>(index) * channels + channel] = static_cast<float>(q0 + (at - below) * (q1 - q0));
}

template <typename E>
__global__ void __launch_bounds__(kSumThreads)
    histogram_to_features(Tensor in, HistogramBack back, const float* map, E* out, const E* mask,
                          bool accumulate) {
  const int first = channels_of_thread<E>(in);
  float lows[kLanes<E>] = {};
  float steps[kLanes<E>] = {};
  for (int k = 0; k < kLanes<E> && first + k < in.channels; ++k) {
    lows[k] = back.histogram[first + k];
    steps[k] = steps_of(lows[k], back.histogram[in.channels + first + k], back.points);
  }
  const float scale = static_cast<float>(back.scale);
  double sum = 0;
  each_pixel<E>(in, [&](size_t, size_t at) {
    const Vec<E> values = load(static_cast<const E*>(in.at) + at);
    Vec<E> away;
    float run = 0;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (first + k >= in.channels) break;
      const Place place(values.at[k], lows[k], steps[k], back.points);
      const float* const around = map + static_cast<size_t>(place.index) * in.channels + first + k;
      const float d = values.at[k] - (around[0] + place.share * (around[in.channels] - around[0]));
      run += d * d;
      away.at[k] = scale * d;
    }
    sum += static_cast<double>(run);
    store_gradient(out + at, away, accumulate, mask ? mask + at : nullptr);
  });
  store_partial(sum, back.loss_scale, back.partials);
}

}  // namespace

void quantiles(const float* histogram, int channels, int points, int count, float* out, cudaStream_t stream) {
  launch(histogram_quantiles, dim3(static_cast<unsigned>(channels)), dim3(static_cast<unsigned>(points)),
         2 * static_cast<size_t>(points) * sizeof(double), stream, histogram, channels, points, count, out);
}

size_t histogram_back_bytes(int channels, int points) {
  return static_cast<size_t>(channels) * static_cast<size_t>(points) * sizeof(float);
}

void histogram_back(const Tensor& in, const HistogramBack& back, const Gradient& gradient, void* scratch,
                    Arithmetic precision, cudaStream_t stream) {
  auto* const map = static_cast<float*>(scratch);
  launch(histogram_map, dim3(static_cast<unsigned>(in.channels)), dim3(static_cast<unsigned>(back.points)),
         2 * static_cast<size_t>(back.points) * sizeof(double), stream, back.histogram, in.channels,
         back.points, back.target, back.count, map);
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(histogram_to_features<E>, dim3(pixel_blocks<E>(in, kSumThreads, kPartials)), dim3(kSumThreads),
           block_sums_bytes<1>(kSumThreads), stream, in, back, static_cast<const float*>(map),
           static_cast<E*>(gradient.out.at), static_cast<const E*>(gradient.mask), gradient.accumulate);
  });
}

namespace {

void queue_quantiles(const Workspace& w, const Step& step) {
  const Shape& from = w.shape(step.in);
  quantiles(w.floats(step.in), from.channels, points_of(from), w.shape(step.out).height, w.floats(step.out),
            w.stream());
}

void queue_back(const Workspace& w, const Step& step) {
  const HistogramBack back{w.floats(step.statistic),
                           points_of(w.shape(step.statistic)),
                           w.floats(step.other),
                           w.shape(step.other).height,
                           step.scale,
                           step.loss_scale,
                           w.partials(step)};
  histogram_back(w.tensor(step.in), back, w.gradient(step), w.scratch(), w.precision(), w.stream());
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  return histogram_back_bytes(plan.buffer(step.in).shape.channels,
                              points_of(plan.buffer(step.statistic).shape));
}

const RegisterOperation kQuantiles("quantiles", {queue_quantiles});
const RegisterOperation kHistogramBack("histogram_back", {queue_back, nullptr, scratch});

}  // namespace
}  // namespace scumble::cuda

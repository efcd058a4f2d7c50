// Covariances, and the distance of two normal distributions with its gradient: passes over matrices of channels, and
// what the means add to the gradient of features.
//
// Elements moved per element of the features: shift 1 read (+ 1 each for accumulate and mask), 1 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kRowThreads = 128;

__global__ void __launch_bounds__(kRowThreads)
    covariance(const float* products, const float* mean, int channels, double more, float* out) {
  const size_t n = static_cast<size_t>(channels);
  for (size_t i = blockIdx.x; i < n; i += gridDim.x) {
    for (size_t j = threadIdx.x; j < n; j += kRowThreads) {
      const double product = static_cast<double>(mean[i]) * static_cast<double>(mean[j]);
      const double value = static_cast<double>(products[i * n + j]) - product;
      out[i * n + j] = static_cast<float>(i == j ? value + more : value);
    }
    if (threadIdx.x == 0) out[n * n + i] = mean[i];
  }
}

// Both covariances have their means below them.
__global__ void __launch_bounds__(kRowThreads)
    distance(const float* covariance, const float* target, const float* root, const float* map, int channels,
             double scale, double loss_scale, float* out, Partials partials) {
  const size_t n = static_cast<size_t>(channels);
  const float* const mean = covariance + n * n;
  const float* const target_mean = target + n * n;
  double loss = 0;  // of the first thread
  for (size_t i = blockIdx.x; i < n; i += gridDim.x) {
    double values[1] = {0};
    for (size_t j = threadIdx.x; j < n; j += kRowThreads) {
      const double g = static_cast<double>(map[i * n + j]);
      values[0] += g * static_cast<double>(mean[j]);
      out[i * n + j] = static_cast<float>(scale * ((i == j ? 1 : 0) - g));
    }
    const double mapped = block_sums(values);
    if (threadIdx.x == 0) {
      const double away = static_cast<double>(mean[i]) - static_cast<double>(target_mean[i]);
      loss += away * away + static_cast<double>(covariance[i * n + i]) +
              static_cast<double>(target[i * n + i]) - 2 * static_cast<double>(root[i * n + i]);
      out[n * n + i] = static_cast<float>(scale * (mapped - static_cast<double>(target_mean[i])));
    }
    __syncthreads();
  }
  store_partial(loss, loss_scale, partials);
}

template <typename E>
__global__ void shift_pixels(Tensor in, const float* by, const float* guide, E* out, const E* mask,
                             bool accumulate) {
  const int first = channels_of_thread<E>(in);
  float more[kLanes<E>] = {};
  for (int k = 0; k < kLanes<E> && first + k < in.channels; ++k) more[k] = by[first + k];
  each_pixel<E>(in, [&](size_t pixel, size_t at) {
    Vec<E> values = load(static_cast<const E*>(in.at) + at);
    const float weight = guide ? guide[pixel] * guide[pixel] : 1;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) values.at[k] += weight * more[k];
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  });
}

unsigned blocks_of_rows(int channels) {
  return static_cast<unsigned>(std::min(channels, kPartials));
}

void queue_covariance(const Workspace& w, const Step& step) {
  const int channels = w.shape(step.in).channels;
  launch(covariance, dim3(blocks_of_rows(channels)), dim3(kRowThreads), 0, w.stream(), w.floats(step.in),
         w.floats(step.statistic), channels, step.scale, w.floats(step.out));
}

void queue_distance(const Workspace& w, const Step& step) {
  const int channels = w.shape(step.in).channels;
  launch(distance, dim3(blocks_of_rows(channels)), dim3(kRowThreads), block_sums_bytes<1>(kRowThreads),
         w.stream(), w.floats(step.in), w.floats(step.other), w.floats(step.scratch),
         w.floats(step.statistic), channels, step.scale, step.loss_scale, w.floats(step.out),
         w.partials(step));
}

void queue_shift(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Shape& matrix = w.shape(step.other);
  const float* const by = w.floats(step.other) + matrix.elements() - static_cast<size_t>(matrix.channels);
  const Gradient gradient = w.gradient(step);
  with_elements(w.precision(), [&](auto element) {
    using E = decltype(element);
    launch(shift_pixels<E>, dim3(pixel_blocks<E>(in, kThreads, kBlocks)), dim3(kThreads), 0, w.stream(), in,
           by, w.floats(step.guide), static_cast<E*>(gradient.out.at), static_cast<const E*>(gradient.mask),
           gradient.accumulate);
  });
}

const RegisterOperation kCovariance("covariance", {queue_covariance});
const RegisterOperation kWasserstein("wasserstein", {queue_distance});
const RegisterOperation kShift("shift", {queue_shift});

}  // namespace
}  // namespace scumble::cuda

// Samples without their mean, and how far mean and covariance are from a target's. A thread adds a column of samples,
// in double: neighbours read neighbours.
//
// Elements moved per sample: 2 read, 1 written. Per element of the covariance: 2 read, 1 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

__device__ float sign(float x) {
  return static_cast<float>(x > 0) - static_cast<float>(x < 0);
}

__global__ void means_of_columns(const float* in, int rows, int columns, const float* target, float* means) {
  const int k = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (k >= columns) return;
  double sum = 0;
#pragma unroll 8
  for (int i = 0; i < rows; ++i) sum += static_cast<double>(in[static_cast<size_t>(i) * columns + k]);
  const float mean = static_cast<float>(sum / rows);
  means[k] = mean;
  means[columns + k] = target ? mean - target[k] : 0;
}

__global__ void without_means(const float* in, const float* means, int columns, size_t n, float* out) {
  for (size_t i = thread(); i < n; i += threads()) out[i] = in[i] - means[i % columns];
}

__global__ void __launch_bounds__(kSumThreads)
    moments_off(const float* covariance, const float* target, const float* off, int columns, size_t n,
                float scale, double loss_scale, float* out, Partials partials) {
  double sum = 0;
  for (size_t i = thread(); i < n; i += threads()) {
    const float d = covariance[i] - target[i];
    sum += static_cast<double>(fabsf(d));
    out[i] = scale * sign(d);
  }
  sum /= columns;
  for (size_t k = thread(); k < static_cast<size_t>(columns); k += threads())
    sum += static_cast<double>(fabsf(off[k]));
  store_partial(sum, loss_scale, partials);
}

__global__ void add_signs(const float* off, int columns, size_t n, float scale, float* out) {
  for (size_t i = thread(); i < n; i += threads()) out[i] += scale * sign(off[i % columns]);
}

void queue_centre(const Workspace& w, const Step& step) {
  const Shape& in = w.shape(step.in);
  float* const means = w.floats(step.statistic);
  launch(means_of_columns, dim3(blocks_for(static_cast<size_t>(in.channels))), dim3(kThreads), 0, w.stream(),
         w.floats(step.in), in.height, in.channels, w.floats(step.other), means);
  launch(without_means, dim3(blocks_for(in.elements())), dim3(kThreads), 0, w.stream(), w.floats(step.in),
         means, in.channels, in.elements(), w.floats(step.out));
}

void queue_moments(const Workspace& w, const Step& step) {
  const Shape& matrix = w.shape(step.in);
  launch(moments_off, dim3(sum_blocks(matrix.elements())), dim3(kSumThreads),
         block_sums_bytes<1>(kSumThreads), w.stream(), w.floats(step.in), w.floats(step.other),
         w.floats(step.statistic) + matrix.channels, matrix.channels, matrix.elements(),
         static_cast<float>(step.scale), step.loss_scale, w.floats(step.out), w.partials(step));
}

void queue_slope(const Workspace& w, const Step& step) {
  const Shape& out = w.shape(step.out);
  launch(add_signs, dim3(blocks_for(out.elements())), dim3(kThreads), 0, w.stream(),
         w.floats(step.statistic) + out.channels, out.channels, out.elements(),
         static_cast<float>(step.scale), w.floats(step.out));
}

const RegisterOperation kCentre("centre", {queue_centre});
const RegisterOperation kMoments("moments", {queue_moments});
const RegisterOperation kAddMeanSlope("add_mean_slope", {queue_slope});

}  // namespace
}  // namespace scumble::cuda

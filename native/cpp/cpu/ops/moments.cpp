// Samples without their mean, and how far mean and covariance are from a target's.
#include "../kernels/moments.h"

#include <cmath>

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr int kColumns = 64;  // of a task

// statistic: the mean, then its difference from the target's, which is none without a target.
double centre(const Workspace& w, const Step& step) {
  const Shape& in = w.shape(step.in);
  const size_t columns = static_cast<size_t>(in.channels);
  float* mean = w.floats(step.statistic);
  const float* target = w.floats(step.other);
  w.each((columns + kColumns - 1) / kColumns, [&](size_t task) {
    const int begin = static_cast<int>(task) * kColumns;
    const int end = std::min(in.channels, begin + kColumns);
    kernels::column_means(w.isa())(w.floats(step.in), in.height, in.channels, begin, end, mean);
    for (int k = begin; k < end; ++k) mean[in.channels + k] = target == nullptr ? 0 : mean[k] - target[k];
  });
  w.each_rows(in.height, columns, [&](int begin, int end) {
    kernels::add_row(w.isa())(w.floats(step.in), mean, in.channels, begin, end, -1, w.floats(step.out));
  });
  return 0;
}

double moments(const Workspace& w, const Step& step) {
  const Shape& matrix = w.shape(step.in);
  const size_t columns = static_cast<size_t>(matrix.channels);
  const float* off = w.floats(step.statistic) + columns;
  const double covariance = w.sum_runs(matrix.elements(), [&](size_t begin, size_t count) {
    return kernels::sign_difference(w.isa())(w.floats(step.in) + begin, w.floats(step.other) + begin, count,
                                             static_cast<float>(step.scale), w.floats(step.out) + begin);
  });
  double mean = 0;
  for (size_t k = 0; k < columns; ++k) mean += std::abs(static_cast<double>(off[k]));
  return step.loss_scale * (covariance / static_cast<double>(columns) + mean);
}

double add_mean_slope(const Workspace& w, const Step& step) {
  const Shape& out = w.shape(step.out);
  const size_t columns = static_cast<size_t>(out.channels);
  const float* off = w.floats(step.statistic) + columns;
  std::vector<float> signs(columns);
  for (size_t k = 0; k < columns; ++k)
    signs[k] = static_cast<float>(off[k] > 0) - static_cast<float>(off[k] < 0);
  float* at = w.floats(step.out);
  w.each_rows(out.height, columns, [&](int begin, int end) {
    kernels::add_row(w.isa())(at, signs.data(), out.channels, begin, end, static_cast<float>(step.scale), at);
  });
  return 0;
}

const RegisterOperation kCentre("centre", {centre});
const RegisterOperation kMoments("moments", {moments});
const RegisterOperation kAddMeanSlope("add_mean_slope", {add_mean_slope});

}  // namespace
}  // namespace scumble::cpu

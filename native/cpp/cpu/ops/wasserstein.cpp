// Covariances, and the distance of two normal distributions with its gradient.
#include "../kernels/shift.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

double covariance(const Workspace& w, const Step& step) {
  const size_t n = static_cast<size_t>(w.shape(step.in).channels);
  const float* products = w.floats(step.in);
  const float* mean = w.floats(step.statistic);
  float* out = w.floats(step.out);
  w.each_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) {
      for (size_t j = 0; j < n; ++j) {
        const double product = static_cast<double>(mean[i]) * static_cast<double>(mean[j]);
        const double value = static_cast<double>(products[i * n + j]) - product;
        out[i * n + j] = static_cast<float>(i == j ? value + step.scale : value);
      }
    }
  });
  std::copy_n(mean, n, out + n * n);
  return 0;
}

double wasserstein(const Workspace& w, const Step& step) {
  const size_t n = static_cast<size_t>(w.shape(step.in).channels);
  const float* covariance = w.floats(step.in);
  const float* target = w.floats(step.other);
  const float* map = w.floats(step.statistic);
  const float* root = w.floats(step.scratch);
  const float* mean = covariance + n * n;
  const float* target_mean = target + n * n;
  float* out = w.floats(step.out);
  const double loss = w.sum_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    double sum = 0;
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) {
      double mapped = 0;
      for (size_t j = 0; j < n; ++j) {
        const double g = static_cast<double>(map[i * n + j]);
        mapped += g * static_cast<double>(mean[j]);
        out[i * n + j] = static_cast<float>(step.scale * ((i == j ? 1 : 0) - g));
      }
      const double away = static_cast<double>(mean[i]) - static_cast<double>(target_mean[i]);
      out[n * n + i] = static_cast<float>(step.scale * (mapped - static_cast<double>(target_mean[i])));
      sum += away * away + static_cast<double>(covariance[i * n + i]) +
             static_cast<double>(target[i * n + i]) - 2 * static_cast<double>(root[i * n + i]);
    }
    return sum;
  });
  return step.loss_scale * loss;
}

double shift(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Shape& matrix = w.shape(step.other);
  const float* by = w.floats(step.other) + matrix.elements() - static_cast<size_t>(matrix.channels);
  w.each_rows(in.height, elements_of(in), [&](int y0, int y1) {
    kernels::shift(w.isa())(in, by, w.floats(step.guide), w.tensor(step.out), w.origin(step.mask),
                            step.accumulate, y0, y1);
  });
  return 0;
}

const RegisterOperation kCovariance("covariance", {covariance});
const RegisterOperation kWasserstein("wasserstein", {wasserstein});
const RegisterOperation kShift("shift", {shift});

}  // namespace
}  // namespace scumble::cpu

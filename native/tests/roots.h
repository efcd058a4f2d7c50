// Roots of matrices and objectives of the distance that is made of them: what every backend is held against. Include
// it after check.h.
#pragma once

#include "cases.h"
#include "steps.h"

namespace roots {

// A symmetric matrix with eigenvalues that fall from 1 to `smallest` by equal factors, in random directions.
inline std::vector<double> random_symmetric(support::Random& random, size_t n, double smallest) {
  std::vector<double> a(n * n);
  for (size_t i = 0; i < n; ++i) {
    a[i * n + i] = std::pow(smallest, n == 1 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1));
  }
  // Reflected in turn: a - 2 v (v a), from both sides.
  for (int reflection = 0; reflection < 3; ++reflection) {
    std::vector<double> v(n);
    double square = 0;
    for (double& x : v) {
      x = static_cast<double>(random.uniform(-1, 1));
      square += x * x;
    }
    for (const bool transposed : {false, true}) {
      for (size_t i = 0; i < n; ++i) {
        double product = 0;
        for (size_t k = 0; k < n; ++k) product += v[k] * a[transposed ? i * n + k : k * n + i];
        for (size_t k = 0; k < n; ++k) a[transposed ? i * n + k : k * n + i] -= 2 * v[k] * product / square;
      }
    }
  }
  return a;
}

// Twelve iterations in double: coupled ones for the root, those of the sign for the inverse.
inline reference::Square iterated(const std::vector<double>& a, size_t n, bool inverse) {
  double norm = 0;
  for (const double x : a) norm += x * x;
  norm = std::sqrt(norm);
  reference::Square y = a;
  for (double& x : y) x /= norm;
  reference::Square z(n * n);
  for (size_t i = 0; i < n; ++i) z[i * n + i] = 1;
  for (int i = 0; i < 12; ++i) {
    reference::Square t = inverse ? reference::times(y, y, n) : reference::times(z, y, n);
    for (double& x : t) x *= -0.5;
    for (size_t k = 0; k < n; ++k) t[k * n + k] += 1.5;
    y = reference::times(y, t, n);
    z = reference::times(t, z, n);
  }
  for (double& x : y) x *= std::sqrt(norm);
  for (double& x : z) x /= norm;
  return inverse ? z : y;
}

inline std::vector<float> root_of(const std::unique_ptr<scumble::Backend>& backend,
                                  const std::vector<double>& a, size_t n, bool inverse, int threads) {
  const int channels = static_cast<int>(n);
  steps::Steps plan(*backend, threads);
  scumble::Step step{};
  step.op = inverse ? "inverse" : "root";
  step.in = plan.dense({channels, channels, 1});
  step.out = plan.dense({channels, channels, 1});
  step.scratch = plan.working(step.op, {channels, channels, 1});
  plan.emit(step);
  plan.compile();
  plan.write(step.in, {a.begin(), a.end()});
  plan.run();
  return plan.read(step.out);
}

inline cases::Case with(const std::string& name, const std::vector<const char*>& layers,
                        double regularization) {
  cases::Case of = cases::small_case(name);
  for (const char* layer : layers) {
    support::add(of.objective, "wasserstein", layer, 1, cases::kStyle).parameters["regularization"] =
        regularization;
  }
  return of;
}

}  // namespace roots

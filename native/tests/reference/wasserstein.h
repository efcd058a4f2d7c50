// The distance of two normal distributions, in double: roots by their eigenvalues.
#pragma once

#include "layers.h"

namespace reference {

// Row by row, square.
using Square = std::vector<double>;

inline Square times(const Square& a, const Square& b, size_t n) {
  Square out(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < n; ++k) {
      for (size_t j = 0; j < n; ++j) out[i * n + j] += a[i * n + k] * b[k * n + j];
    }
  }
  return out;
}

// f of a symmetric matrix, by Jacobi's rotations.
template <typename Function>
Square of_symmetric(Square a, size_t n, const Function& f) {
  Square v(n * n);
  for (size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  for (int sweep = 0; sweep < 12; ++sweep) {
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        if (a[p * n + q] == 0) continue;
        const double angle = std::atan2(2 * a[p * n + q], a[q * n + q] - a[p * n + p]) / 2;
        const double c = std::cos(angle);
        const double s = std::sin(angle);
        for (size_t k = 0; k < n; ++k) {
          const double x = a[k * n + p];
          const double y = a[k * n + q];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (size_t k = 0; k < n; ++k) {
          const double x = a[p * n + k];
          const double y = a[q * n + k];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
          const double u = v[k * n + p];
          const double w = v[k * n + q];
          v[k * n + p] = c * u - s * w;
          v[k * n + q] = s * u + c * w;
        }
      }
    }
  }
  Square out(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < n; ++k) out[i * n + j] += v[i * n + k] * f(a[k * n + k]) * v[j * n + k];
    }
  }
  return out;
}

inline Square root(const Square& a, size_t n) {
  return of_symmetric(a, n, [](double x) { return std::sqrt(x); });
}
inline Square inverse(const Square& a, size_t n) {
  return of_symmetric(a, n, [](double x) { return 1 / x; });
}

// The mean of all F F^T, then of F; positions count by their weights.
inline std::vector<double> moments(const Tensor& f, const std::vector<double>& weights) {
  const size_t c = static_cast<size_t>(f.channels);
  std::vector<double> out(c * c + c);
  for (size_t m = 0; m < weights.size(); ++m) {
    const double* at = &f.values[m * c];
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) out[i * c + j] += weights[m] * at[i] * at[j] / f.positions();
      out[c * c + i] += weights[m] * at[i] / f.positions();
    }
  }
  return out;
}

// w / C * (|mu - mu_T|^2 + the trace of S + S_T - 2 (S_T^1/2 S S_T^1/2)^1/2), where covariances get
// `regularization` on their diagonals; its gradient is added to `gradient`.
inline double wasserstein_loss(const Tensor& f, double weight, double regularization,
                               const std::vector<double>& target, const std::vector<double>& weights,
                               Tensor& gradient) {
  const size_t c = static_cast<size_t>(f.channels);
  const auto covariance = [&](const std::vector<double>& of) {
    Square s(of.begin(), of.begin() + static_cast<ptrdiff_t>(c * c));
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) s[i * c + j] -= of[c * c + i] * of[c * c + j];
      s[i * c + i] += regularization;
    }
    return s;
  };
  const std::vector<double> found = moments(f, weights);
  const Square s = covariance(found);
  const Square s_target = covariance(target);
  const Square r = root(s_target, c);
  const Square middle = root(times(times(r, s, c), r, c), c);
  double sum = 0;
  for (size_t i = 0; i < c; ++i) {
    const double away = found[c * c + i] - target[c * c + i];
    sum += away * away + s[i * c + i] + s_target[i * c + i] - 2 * middle[i * c + i];
  }
  const Square map = times(times(r, inverse(middle, c), c), r, c);
  const double each = weight / f.channels;
  for (size_t m = 0; m < weights.size(); ++m) {
    for (size_t i = 0; i < c; ++i) {
      double slope = 2 * each * (found[c * c + i] - target[c * c + i]);
      for (size_t j = 0; j < c; ++j) {
        const double by_covariance = each * ((i == j ? 1 : 0) - map[i * c + j]);
        slope += 2 * by_covariance * (f.values[m * c + j] - found[c * c + j]);
      }
      gradient.values[m * c + i] += slope * weights[m] / f.positions();
    }
  }
  return each * sum;
}

}  // namespace reference

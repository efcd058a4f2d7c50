// What is compared of hypercolumns, in double: the relaxed earth mover's distance, moments, the palette and
// self-similarity, each with its gradient and how near its closest kink is.
#pragma once

#include <cmath>
#include <functional>

#include "hypercolumns.h"

namespace reference {

struct Compared {
  double loss = 0;
  Matrix gradient;  // with respect to the samples
  double margin = std::numeric_limits<double>::infinity();

  void kink(double distance) { margin = std::min(margin, distance); }
};

inline double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}

// 1 - cos; adds `by` times its gradient with respect to x. The cosine of zero is zero.
inline double cosine_cost(const double* x, const double* y, size_t n, double by, double* gradient) {
  const double xx = dot(x, x, n);
  const double yy = dot(y, y, n);
  if (xx == 0 || yy == 0) return 1;
  const double xy = dot(x, y, n);
  const double both = std::sqrt(xx * yy);
  if (by != 0) {
    for (size_t k = 0; k < n; ++k) gradient[k] += by * (x[k] * xy / xx - y[k]) / both;
  }
  return 1 - xy / both;
}

inline double colour_cost(const double* x, const double* y, size_t n, double by, double* gradient) {
  double square = 0;
  for (size_t k = 0; k < n; ++k) square += (x[k] - y[k]) * (x[k] - y[k]);
  if (by != 0 && square > 1e-5) {
    for (size_t k = 0; k < n; ++k) gradient[k] += by * (x[k] - y[k]) / std::sqrt(3 * square);
  }
  return cosine_cost(x, y, n, by, gradient) + std::sqrt(std::max(square, 1e-5) / 3);
}

using Cost = double (*)(const double*, const double*, size_t, double, double*);

// max(mean over i of min over j of C_ij, mean over j of min over i of C_ij)
inline Compared relaxed_emd(const Matrix& x, const Matrix& y, Cost cost) {
  Compared found;
  found.gradient = Matrix(x.rows, x.columns);
  const size_t n = x.columns;
  Matrix costs(x.rows, y.rows);
  for (size_t i = 0; i < x.rows; ++i) {
    for (size_t j = 0; j < y.rows; ++j)
      costs.at(i, j) = cost(&x.values[i * n], &y.values[j * n], n, 0, nullptr);
  }
  const auto same = [n](const Matrix& of, size_t a, size_t b) {
    return std::equal(&of.values[a * n], &of.values[a * n] + n, &of.values[b * n]);
  };
  // What each has nearest, and by how much the next one that is another is farther. What is exactly as far, as everything
  // is from zero, is that in float32 too.
  struct Side {
    double mean = 0;
    double gap = std::numeric_limits<double>::infinity();
    std::vector<size_t> best;
  };
  const auto side = [&](size_t count, size_t others, const Matrix& of, const auto& at) {
    Side made;
    for (size_t i = 0; i < count; ++i) {
      size_t best = 0;
      for (size_t j = 1; j < others; ++j) best = at(i, j) < at(i, best) ? j : best;
      for (size_t j = 0; j < others; ++j) {
        const double farther = at(i, j) - at(i, best);
        if (farther > 0 && !same(of, j, best)) made.gap = std::min(made.gap, farther);
      }
      made.mean += at(i, best) / static_cast<double>(count);
      made.best.push_back(best);
    }
    return made;
  };
  const Side rows = side(x.rows, y.rows, y, [&](size_t i, size_t j) { return costs.at(i, j); });
  const Side columns = side(y.rows, x.rows, x, [&](size_t j, size_t i) { return costs.at(i, j); });
  const bool by_rows = rows.mean >= columns.mean;
  found.loss = std::max(rows.mean, columns.mean);
  if (rows.mean != columns.mean) found.kink(std::abs(rows.mean - columns.mean));
  found.kink(by_rows ? rows.gap : columns.gap);
  const std::vector<size_t>& best = by_rows ? rows.best : columns.best;
  for (size_t k = 0; k < best.size(); ++k) {
    const size_t i = by_rows ? k : best[k];
    const size_t j = by_rows ? best[k] : k;
    cost(&x.values[i * n], &y.values[j * n], n, 1 / static_cast<double>(best.size()),
         &found.gradient.values[i * n]);
  }
  return found;
}

// Means, then the covariance.
inline std::vector<double> moments(const Matrix& x) {
  const size_t d = x.columns;
  const double n = static_cast<double>(x.rows);
  std::vector<double> found(d + d * d);
  for (size_t i = 0; i < x.rows; ++i) {
    for (size_t k = 0; k < d; ++k) found[k] += x.at(i, k) / n;
  }
  for (size_t i = 0; i < x.rows; ++i) {
    for (size_t k = 0; k < d; ++k) {
      for (size_t l = 0; l < d; ++l)
        found[d + k * d + l] += (x.at(i, k) - found[k]) * (x.at(i, l) - found[l]) / n;
    }
  }
  return found;
}

inline double sign_of(double v) {
  return v > 0 ? 1 : v < 0 ? -1 : 0;
}

// The mean over D of |mu - mu_T| + the mean over D^2 of |Sigma - Sigma_T|
inline Compared moments_loss(const Matrix& x, const std::vector<double>& target) {
  Compared found;
  found.gradient = Matrix(x.rows, x.columns);
  const size_t d = x.columns;
  const double n = static_cast<double>(x.rows);
  const std::vector<double> own = moments(x);
  std::vector<double> sizes(d);
  for (size_t k = 0; k < d; ++k) sizes[k] = std::sqrt(own[d + k * d + k] + target[d + k * d + k]);
  for (size_t m = 0; m < own.size(); ++m) {
    const bool mean = m < d;
    const size_t k = mean ? m : (m - d) / d;
    const size_t l = mean ? m : (m - d) % d;
    const double off = own[m] - target[m];
    const double each = 1 / static_cast<double>(mean ? d : d * d);
    found.loss += each * std::abs(off);
    if (off == 0) continue;
    found.kink(0.2 * std::abs(off) / (mean ? sizes[k] : sizes[k] * sizes[l]));
    for (size_t i = 0; i < x.rows; ++i) {
      if (mean) {
        found.gradient.at(i, k) += each * sign_of(off) / n;
      } else {
        found.gradient.at(i, k) += each * sign_of(off) * (x.at(i, l) - own[l]) / n;
        found.gradient.at(i, l) += each * sign_of(off) * (x.at(i, k) - own[k]) / n;
      }
    }
  }
  return found;
}

// Of one column of distances.
struct Column {
  std::vector<double> distances;
  double sum = 0;
  bool own = true;  // the sum is, and not the least that is allowed

  Column(const Matrix& x, size_t j) {
    const size_t n = x.columns;
    for (size_t i = 0; i < x.rows; ++i) {
      distances.push_back(i == j ? 0 : cosine_cost(&x.values[i * n], &x.values[j * n], n, 0, nullptr));
      sum += distances.back();
    }
    const double least = 1e-5 * static_cast<double>(x.rows);
    own = sum >= least;
    sum = std::max(sum, least);
  }
};

// Cosine distances, every column divided by its sum; row by row.
inline std::vector<double> self_similarity(const Matrix& x) {
  Matrix found(x.rows, x.rows);
  for (size_t j = 0; j < x.rows; ++j) {
    const Column column(x, j);
    for (size_t i = 0; i < x.rows; ++i) found.at(i, j) = column.distances[i] / column.sum;
  }
  return found.values;
}

// N times the mean of |D - T|
inline Compared self_similarity_loss(const Matrix& x, const double* target) {
  Compared found;
  found.gradient = Matrix(x.rows, x.columns);
  const size_t n = x.columns;
  const double each = 1 / static_cast<double>(x.rows);
  for (size_t j = 0; j < x.rows; ++j) {
    const Column column(x, j);
    std::vector<double> slopes;
    double along = 0;
    for (size_t i = 0; i < x.rows; ++i) {
      const double share = column.distances[i] / column.sum;
      const double off = share - target[i * x.rows + j];
      found.loss += each * std::abs(off);
      slopes.push_back(each * sign_of(off));
      along += slopes.back() * share;
      if (i != j && off != 0) found.kink(0.1 * std::abs(off) * static_cast<double>(x.rows));
    }
    for (size_t i = 0; i < x.rows; ++i) {
      if (i == j) continue;
      const double by = (slopes[i] - (column.own ? along : 0)) / column.sum;
      cosine_cost(&x.values[i * n], &x.values[j * n], n, by, &found.gradient.values[i * n]);
      cosine_cost(&x.values[j * n], &x.values[i * n], n, by, &found.gradient.values[j * n]);
    }
  }
  return found;
}

}  // namespace reference

// Sliced Wasserstein distances in double: directions and positions are the engine's, by lot; the rest is plainly written.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../cpp/core/directions.h"
#include "hypercolumns.h"

namespace reference {

inline Matrix directions(uint64_t seed, int evaluation, size_t count, size_t channels) {
  Matrix found(count, channels);
  for (size_t k = 0; k < count; ++k) {
    const uint64_t row = scumble::direction_at(scumble::lot(seed, evaluation), static_cast<int>(k));
    double squares = 0;
    for (size_t c = 0; c < channels; ++c) {
      found.at(k, c) = scumble::coordinate_at(row, static_cast<int>(c));
      squares += found.at(k, c) * found.at(k, c);
    }
    for (size_t c = 0; c < channels; ++c) found.at(k, c) /= std::sqrt(squares);
  }
  return found;
}

// The places of a row's values in rising order.
inline std::vector<size_t> order_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return values[i] < values[j]; });
  return order;
}

// What `sorted` has at each of n ranks, between its neighbours.
inline std::vector<double> at_ranks(const std::vector<double>& sorted, size_t n) {
  std::vector<double> found;
  const double last = static_cast<double>(sorted.size() - 1);
  for (size_t i = 0; i < n; ++i) {
    const double rank = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    const double at = std::clamp(rank * static_cast<double>(sorted.size()) - 0.5, 0.0, last);
    const size_t below = static_cast<size_t>(at);
    const double next = sorted[std::min(below + 1, sorted.size() - 1)];
    found.push_back(sorted[below] + (at - static_cast<double>(below)) * (next - sorted[below]));
  }
  return found;
}

// Every value's difference from that of its rank.
inline std::vector<double> sorted_difference(const std::vector<double>& values, std::vector<double> other,
                                             const std::vector<size_t>& order) {
  std::sort(other.begin(), other.end());
  const std::vector<double> target = at_ranks(other, values.size());
  std::vector<double> away(values.size());
  for (size_t i = 0; i < order.size(); ++i) away[order[i]] = values[order[i]] - target[i];
  return away;
}

struct Sliced {
  double loss = 0;
  Matrix gradient;                         // of the samples
  std::vector<std::vector<size_t>> order;  // of each direction's projections
  double margin = 1;  // the smallest distance of two neighbours, relative to the largest value
};

inline std::vector<double> projected(const Matrix& samples, const Matrix& directions, size_t k) {
  std::vector<double> found(samples.rows);
  for (size_t i = 0; i < samples.rows; ++i) {
    for (size_t c = 0; c < samples.columns; ++c) found[i] += directions.at(k, c) * samples.at(i, c);
  }
  return found;
}

// The mean over directions and ranks. `same(i, j)`: whether it does not matter which of two samples comes first. With
// `held`, ranks are as they were there.
template <typename Same>
Sliced sliced(const Matrix& samples, const Matrix& target, const Matrix& directions, const Same& same,
              const Sliced* held) {
  Sliced found;
  found.gradient = Matrix(samples.rows, samples.columns);
  const double each = 1 / static_cast<double>(directions.rows * samples.rows);
  for (size_t k = 0; k < directions.rows; ++k) {
    const std::vector<double> values = projected(samples, directions, k);
    found.order.push_back(held ? held->order[k] : order_of(values));
    const std::vector<size_t>& order = found.order.back();
    double largest = 0;
    for (const double v : values) largest = std::max(largest, std::abs(v));
    for (size_t i = 1; i < order.size(); ++i) {
      if (!same(order[i - 1], order[i]) && largest > 0)
        found.margin = std::min(found.margin, (values[order[i]] - values[order[i - 1]]) / largest);
    }
    const std::vector<double> away = sorted_difference(values, projected(target, directions, k), order);
    for (size_t i = 0; i < away.size(); ++i) {
      found.loss += each * away[i] * away[i];
      for (size_t c = 0; c < samples.columns; ++c)
        found.gradient.at(i, c) += 2 * each * away[i] * directions.at(k, c);
    }
  }
  return found;
}

}  // namespace reference

// What terms compare, in double, by its definition.
#pragma once

#include "../../cpp/core/variation.h"
#include "layers.h"

namespace reference {

// What a mask leaves of every cell of a grid: the mask's mean over the cell's area, scaled to a mean of 1
// over the grid. Overlaps are counted in whole parts of a pixel. No mask: 1 everywhere.
inline std::vector<double> weights_of(const Tensor* mask, int height, int width) {
  std::vector<double> weights(static_cast<size_t>(height) * static_cast<size_t>(width), 1.0);
  if (mask == nullptr) return weights;
  const auto overlap = [](int cell, int cells, int pixel, int pixels) {
    return std::max(
        0, std::min((cell + 1) * pixels, (pixel + 1) * cells) - std::max(cell * pixels, pixel * cells));
  };
  double total = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double covered = 0;
      for (int my = 0; my < mask->height; ++my) {
        for (int mx = 0; mx < mask->width; ++mx) {
          covered +=
              mask->at(my, mx, 0) * overlap(y, height, my, mask->height) * overlap(x, width, mx, mask->width);
        }
      }
      weights[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)] = covered;
      total += covered;
    }
  }
  for (double& w : weights) w *= static_cast<double>(weights.size()) / total;
  return weights;
}

// F F^T / (C*M), row major; positions count by their weights.
inline std::vector<double> gram(const Tensor& f, const std::vector<double>& weights) {
  const size_t c = static_cast<size_t>(f.channels);
  std::vector<double> out(c * c);
  for (size_t m = 0; m < weights.size(); ++m) {
    const double* at = &f.values[m * c];
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) out[i * c + j] += weights[m] * at[i] * at[j];
    }
  }
  for (double& v : out) v /= f.elements();
  return out;
}
inline std::vector<double> gram(const Tensor& f) {
  return gram(f, weights_of(nullptr, f.height, f.width));
}

// Every channel's mean, then every channel's standard deviation.
inline std::vector<double> mean_std(const Tensor& f, const std::vector<double>& weights) {
  const size_t c = static_cast<size_t>(f.channels);
  std::vector<double> out(2 * c);
  for (size_t i = 0; i < f.values.size(); ++i) out[i % c] += weights[i / c] * f.values[i] / f.positions();
  for (size_t i = 0; i < f.values.size(); ++i) {
    const double away = f.values[i] - out[i % c];
    out[c + i % c] += weights[i / c] * away * away / f.positions();
  }
  for (size_t k = 0; k < c; ++k) out[c + k] = std::sqrt(out[c + k]);
  return out;
}

// The histogram of one channel: so many points from its lowest value to its highest, and what share of the
// values lies below each. A value counts for the two points that it lies between, by nearness; what counts
// for a point itself lies half below.
struct Histogram {
  static constexpr int kPoints = 256;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::vector<double> ranks = std::vector<double>(kPoints);

  Histogram(const Tensor& f, int channel) {
    const size_t c = static_cast<size_t>(f.channels);
    for (size_t i = static_cast<size_t>(channel); i < f.values.size(); i += c) {
      low = std::min(low, f.values[i]);
      high = std::max(high, f.values[i]);
    }
    std::vector<double> counts(kPoints);
    for (size_t i = static_cast<size_t>(channel); i < f.values.size(); i += c) {
      const double at = point_of(f.values[i]);
      const size_t below = std::min(static_cast<size_t>(at), static_cast<size_t>(kPoints - 2));
      counts[below] += 1 - (at - static_cast<double>(below));
      counts[below + 1] += at - static_cast<double>(below);
    }
    double below = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      ranks[i] = (below + counts[i] / 2) / f.positions();
      below += counts[i];
    }
  }

  // Where a value lies, in points.
  double point_of(double value) const {
    return high > low ? (value - low) / (high - low) * (kPoints - 1) : 0;
  }
  double value_at(double point) const { return low + point / (kPoints - 1) * (high - low); }
};

// Between the elements of a list.
inline double between(const std::vector<double>& list, double at) {
  const size_t below = std::min(static_cast<size_t>(at), list.size() - 2);
  const double share = at - static_cast<double>(below);
  return list[below] + share * (list[below + 1] - list[below]);
}

// Values at the ranks (i + 1/2) / 256, all channels of one rank after those of the one before.
inline std::vector<double> quantiles(const Tensor& f) {
  constexpr int kQuantiles = 256;
  std::vector<double> out;
  std::vector<Histogram> histograms;
  for (int c = 0; c < f.channels; ++c) histograms.emplace_back(f, c);
  for (int q = 0; q < kQuantiles; ++q) {
    const double rank = (q + 0.5) / kQuantiles;
    for (const Histogram& of : histograms) {
      const auto& ranks = of.ranks;
      const auto above = std::lower_bound(ranks.begin(), ranks.end(), rank);
      double point = static_cast<double>(above - ranks.begin());
      if (above == ranks.end()) {
        point = Histogram::kPoints - 1;
      } else if (above != ranks.begin()) {
        point -= (*above - rank) / (*above - *(above - 1));
      }
      out.push_back(of.value_at(point));
    }
  }
  return out;
}

// Every value's counterpart: what has its rank among the target's values, `quantiles` of which are given.
// Known exactly at the points of the histogram, and by interpolation between them.
inline std::vector<double> counterparts(const Tensor& f, const std::vector<double>& quantiles) {
  const size_t channels = static_cast<size_t>(f.channels);
  const size_t count = quantiles.size() / channels;
  std::vector<double> out(f.values.size());
  for (size_t c = 0; c < channels; ++c) {
    std::vector<double> target;
    for (size_t q = 0; q < count; ++q) target.push_back(quantiles[q * channels + c]);
    const Histogram histogram(f, static_cast<int>(c));
    std::vector<double> map;
    for (const double rank : histogram.ranks) {
      const double last = static_cast<double>(count - 1);
      map.push_back(between(target, std::clamp(rank * static_cast<double>(count) - 0.5, 0.0, last)));
    }
    for (size_t i = c; i < out.size(); i += channels) out[i] = between(map, histogram.point_of(f.values[i]));
  }
  return out;
}

inline double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

// Sum |dx| + |dy|; its gradient is added to `gradient`.
inline double total_variation(const Tensor& p, double weight, Tensor& gradient) {
  double total = 0;
  const auto edge = [&](size_t from, size_t to) {
    const double d = p.values[to] - p.values[from];
    total += std::abs(d);
    gradient.values[to] += weight * sign(d);
    gradient.values[from] -= weight * sign(d);
  };
  for (int y = 0; y < p.height; ++y) {
    for (int x = 0; x < p.width; ++x) {
      for (int c = 0; c < p.channels; ++c) {
        if (x + 1 < p.width) edge(p.index(y, x, c), p.index(y, x + 1, c));
        if (y + 1 < p.height) edge(p.index(y, x, c), p.index(y + 1, x, c));
      }
    }
  }
  return weight * total;
}

// The kinds of total variation that are sums of squares, in the way their programs write them down.
enum class Squares { squared, gradient, diagonal };

// Each adds its gradient to `gradient`.
inline double squared_variation(Squares kind, const Tensor& p, double weight, Tensor& gradient) {
  double total = 0;
  const auto pair = [&](double by, size_t a, size_t b) {
    const double d = p.values[b] - p.values[a];
    total += by * d * d;
    gradient.values[b] += weight * 2 * by * d;
    gradient.values[a] -= weight * 2 * by * d;
  };
  const double h = p.height;
  const double w = p.width;
  for (int c = 0; c < p.channels; ++c) {
    const auto at = [&](int y, int x) {
      return p.index(std::clamp(y, 0, p.height - 1), std::clamp(x, 0, p.width - 1), c);
    };
    for (int y = 0; y < p.height; ++y) {
      for (int x = 0; x < p.width; ++x) {
        const bool right = x + 1 < p.width;
        const bool below = y + 1 < p.height;
        if (kind == Squares::gradient && right && below) {
          pair(0.5, at(y, x), at(y, x + 1));
          pair(0.5, at(y, x), at(y + 1, x));
        } else if (kind == Squares::squared) {
          if (right) pair(1 / (3 * h * (w - 1)), at(y, x), at(y, x + 1));
          if (below) pair(1 / (3 * (h - 1) * w), at(y, x), at(y + 1, x));
        } else if (kind == Squares::diagonal) {
          pair(2.0 / 3 / (3 * h * w), at(y, x), at(y, x + 1));
          pair(2.0 / 3 / (3 * h * w), at(y, x), at(y + 1, x));
        }
      }
    }
    if (kind != Squares::diagonal) continue;
    for (int y = -1; y < p.height; ++y) {
      for (int x = -1; x < p.width; ++x) {
        pair(2.0 / 12 / (3 * (h + 1) * (w + 1)), at(y, x), at(y + 1, x + 1));
        pair(2.0 / 12 / (3 * (h + 1) * (w + 1)), at(y + 1, x), at(y, x + 1));
      }
    }
  }
  return weight * total;
}

// What the engine is told of such a kind, for a picture of this size.
inline scumble::Variation variation_of(Squares kind, int height, int width) {
  scumble::Variation by;
  if (kind == Squares::gradient) {
    by.across = by.down = 0.5;
    by.inner = true;
  } else if (kind == Squares::squared) {
    by.across = width > 1 ? 1.0 / 3 / height / (width - 1) : 0;
    by.down = height > 1 ? 1.0 / 3 / (height - 1) / width : 0;
  } else {
    by.across = by.down = 2.0 / 9 / height / width;
    by.diagonal = 2.0 / 36 / (height + 1) / (width + 1);
  }
  return by;
}

}  // namespace reference

// Samples of several layers at positions drawn by lot, in double.
#pragma once

#include <utility>

#include "../../cpp/core/positions.h"
#include "layers.h"

namespace reference {

// Rows of numbers.
struct Matrix {
  size_t rows = 0;
  size_t columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(size_t rows, size_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  double& at(size_t i, size_t j) { return values[i * columns + j]; }
  double at(size_t i, size_t j) const { return values[i * columns + j]; }
};

// y and x in 0..1.
using Positions = std::vector<std::pair<double, double>>;

// Cells of a grid, evenly, or as `weights` cover it: a row by its share of all, a cell by its share of the row.
inline Positions draw(uint64_t seed, int evaluation, int count, int height, int width,
                      const std::vector<double>& weights) {
  const auto pick = [](const std::vector<double>& parts, double share) {
    double all = 0;
    for (const double part : parts) all += part;
    double below = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      below += parts[i];
      if (below > share * all) return i;
    }
    return parts.size() - 1;
  };
  Positions found;
  const uint64_t begin = scumble::lot(seed, evaluation);
  for (int i = 0; i < count; ++i) {
    const scumble::Position at = scumble::position_at(begin, i);
    std::vector<double> rows;
    for (int y = 0; y < height; ++y) {
      rows.push_back(0);
      for (int x = 0; x < width; ++x) rows.back() += weights[static_cast<size_t>(y * width + x)];
    }
    const size_t y = pick(rows, (at.y + 0.5) * 0x1p-32);
    const auto row = weights.begin() + static_cast<ptrdiff_t>(y) * width;
    const size_t x = pick({row, row + width}, (at.x + 0.5) * 0x1p-32);
    found.emplace_back((static_cast<double>(y) + 0.5) / height, (static_cast<double>(x) + 0.5) / width);
  }
  return found;
}

// The centres of all cells.
inline Positions centres(const Tensor& grid) {
  Positions found;
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x)
      found.emplace_back((y + 0.5) / static_cast<double>(grid.height),
                         (x + 0.5) / static_cast<double>(grid.width));
  }
  return found;
}

// Calls visit(element of the pixel's first channel, share) for the four pixels around a position.
template <typename Visit>
void around(const Tensor& t, const std::pair<double, double>& position, const Visit& visit) {
  const auto cells = [](double at, int count) {
    const double held = std::clamp(at * count - 0.5, 0.0, count - 1.0);
    const int first = static_cast<int>(held);
    return std::make_pair(first, held - first);
  };
  const auto [y, down] = cells(position.first, t.height);
  const auto [x, right] = cells(position.second, t.width);
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const double share = (dy == 1 ? down : 1 - down) * (dx == 1 ? right : 1 - right);
      if (share > 0) visit(t.index(y + dy, x + dx, 0), share);
    }
  }
}

// A layer and what its samples are multiplied with.
struct Layer {
  const Tensor* features;
  double scale;
};

inline size_t channels_of(const std::vector<Layer>& layers) {
  size_t channels = 0;
  for (const Layer& layer : layers) channels += static_cast<size_t>(layer.features->channels);
  return channels;
}

inline Matrix hypercolumns(const std::vector<Layer>& layers, const Positions& positions) {
  Matrix found(positions.size(), channels_of(layers));
  for (size_t i = 0; i < positions.size(); ++i) {
    size_t first = 0;
    for (const Layer& layer : layers) {
      const Tensor& f = *layer.features;
      const size_t channels = static_cast<size_t>(f.channels);
      around(f, positions[i], [&](size_t from, double share) {
        for (size_t c = 0; c < channels; ++c)
          found.at(i, first + c) += layer.scale * share * f.values[from + c];
      });
      first += channels;
    }
  }
  return found;
}

// Adds to the gradient of each layer what the gradient of the samples says.
inline void hypercolumns_back(const Matrix& gradient, const std::vector<Layer>& layers,
                              const Positions& positions, const std::vector<Tensor*>& to) {
  for (size_t i = 0; i < positions.size(); ++i) {
    size_t first = 0;
    for (size_t l = 0; l < layers.size(); ++l) {
      const size_t channels = static_cast<size_t>(to[l]->channels);
      around(*to[l], positions[i], [&](size_t at, double share) {
        for (size_t c = 0; c < channels; ++c)
          to[l]->values[at + c] += layers[l].scale * share * gradient.at(i, first + c);
      });
      first += channels;
    }
  }
}

}  // namespace reference

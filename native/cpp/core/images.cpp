#include "images.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace scumble {
namespace {

// Sums of `from` over `to` equal parts of its length, with shares of what lies on an edge.
std::vector<double> shares(const std::vector<double>& from, size_t length, size_t lines, size_t to) {
  std::vector<double> sums(lines * to);
  for (size_t i = 0; i < to; ++i) {
    const double begin = static_cast<double>(i * length) / static_cast<double>(to);
    const double end = static_cast<double>((i + 1) * length) / static_cast<double>(to);
    const size_t last = std::min(length, static_cast<size_t>(std::ceil(end)));
    for (size_t k = static_cast<size_t>(begin); k < last; ++k) {
      const double share =
          std::min(end, static_cast<double>(k + 1)) - std::max(begin, static_cast<double>(k));
      for (size_t line = 0; line < lines; ++line) sums[line * to + i] += share * from[line * length + k];
    }
  }
  return sums;
}

std::vector<double> transposed(const std::vector<double>& from, size_t rows, size_t columns) {
  std::vector<double> to(from.size());
  for (size_t y = 0; y < rows; ++y) {
    for (size_t x = 0; x < columns; ++x) to[x * rows + y] = from[y * columns + x];
  }
  return to;
}

}  // namespace

std::vector<float> guide_of(const MaskView& mask, const Shape& grid) {
  const size_t width = static_cast<size_t>(mask.width);
  const size_t height = static_cast<size_t>(mask.height);
  const size_t to_width = static_cast<size_t>(grid.width);
  const size_t to_height = static_cast<size_t>(grid.height);
  std::vector<double> values(mask.data, mask.data + width * height);
  for (const double value : values) {
    if (!(value >= 0 && value <= 1)) throw InvalidArgument("a mask must be from 0 to 1");
  }
  const std::vector<double> narrow = shares(values, width, height, to_width);
  const std::vector<double> across =
      shares(transposed(narrow, height, to_width), height, to_width, to_height);
  double total = 0;
  for (const double share : across) total += share;
  if (!(total > 0)) throw InvalidArgument("a mask leaves nothing of its image");
  const double mean = total / static_cast<double>(across.size());
  const std::vector<double> coverage = transposed(across, to_width, to_height);
  std::vector<float> guide;
  guide.reserve(coverage.size());
  for (const double share : coverage) guide.push_back(static_cast<float>(std::sqrt(share / mean)));
  return guide;
}

}  // namespace scumble

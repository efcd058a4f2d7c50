// Positions drawn by lot: even, or as a mask covers its grid.
#include "../../core/positions.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

// Of a guide, whose square is coverage: in every row what lies up to each cell, and last what lies up to that
// row. Added in double, and never falling.
double coverage(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.guide);
  const size_t height = static_cast<size_t>(grid.height);
  const size_t width = static_cast<size_t>(grid.width);
  const float* guide = w.floats(step.guide);
  float* out = w.floats(step.out);
  std::vector<double> rows(height);
  w.each(height, [&](size_t y) {
    double sum = 0;
    for (size_t x = 0; x < width; ++x) {
      const double g = static_cast<double>(guide[y * width + x]);
      sum += g * g;
      out[y * (width + 1) + x] = static_cast<float>(sum);
    }
    rows[y] = sum;
  });
  double sum = 0;
  for (size_t y = 0; y < height; ++y) {
    sum += rows[y];
    out[y * (width + 1) + width] = static_cast<float>(sum);
  }
  return 0;
}

// The first of `count` sums that are `stride` apart that exceeds this share of the last.
size_t first_above(const float* sums, size_t count, size_t stride, uint32_t coordinate) {
  const double share = (static_cast<double>(coordinate) + 0.5) * 0x1p-32;
  const double wanted = share * static_cast<double>(sums[(count - 1) * stride]);
  size_t low = 0;
  size_t high = count - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (static_cast<double>(sums[middle * stride]) > wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

double draw(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  const size_t width = static_cast<size_t>(grid.width);
  const size_t height = static_cast<size_t>(grid.height);
  const float* covered = w.floats(step.other);
  const uint64_t begin = lot(step.seed, w.evaluation());
  float* out = w.floats(step.out);
  const int count = w.shape(step.out).height;
  for (int i = 0; i < count; ++i) {
    const Position at = position_at(begin, i);
    size_t y = static_cast<size_t>(cell_at(at.y, grid.height));
    size_t x = static_cast<size_t>(cell_at(at.x, grid.width));
    if (covered != nullptr) {
      y = first_above(covered + width, height, width + 1, at.y);
      x = first_above(covered + y * (width + 1), width, 1, at.x);
    }
    out[2 * i] = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
    out[2 * i + 1] = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
  }
  return 0;
}

const RegisterOperation kCoverage("coverage", {coverage});
const RegisterOperation kDraw("draw", {draw});

}  // namespace
}  // namespace scumble::cpu

// Directions drawn by lot, and all positions of a grid.
#include "../../core/directions.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double directions(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.out);
  const uint64_t begin = lot(step.seed, w.evaluation());
  float* out = w.floats(step.out);
  w.each(static_cast<size_t>(shape.height), [&](size_t row) {
    const uint64_t at = direction_at(begin, static_cast<int>(row));
    uint64_t squares = 0;
    for (int c = 0; c < shape.channels; ++c) {
      const int64_t value = coordinate_at(at, c);
      squares += static_cast<uint64_t>(value * value);
    }
    const double each = squares > 0 ? 1 / std::sqrt(static_cast<double>(squares)) : 0;
    float* to = out + row * static_cast<size_t>(shape.channels);
    for (int c = 0; c < shape.channels; ++c) to[c] = static_cast<float>(each * coordinate_at(at, c));
  });
  return 0;
}

double cells(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  float* out = w.floats(step.out);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x, out += 2) {
      out[0] = (static_cast<float>(y) + 0.5f) / static_cast<float>(grid.height);
      out[1] = (static_cast<float>(x) + 0.5f) / static_cast<float>(grid.width);
    }
  }
  return 0;
}

const RegisterOperation kDirections("directions", {directions});
const RegisterOperation kCells("cells", {cells});

}  // namespace
}  // namespace scumble::cpu

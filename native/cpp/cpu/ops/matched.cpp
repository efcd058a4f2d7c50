// Rows beside what they are matched with, and matches by the cells of a grid.
#include "../kernels/matched.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double matched(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const ptrdiff_t c = shape.channels;
  const float* in = w.floats(step.in);
  const float* others = w.floats(step.other);
  const float* matches = w.floats(step.statistic);
  float* out = w.floats(step.out);
  return step.loss_scale * w.sum_rows(shape.height, static_cast<size_t>(c), [&](int begin, int end) {
    double sum = 0;
    for (ptrdiff_t i = begin; i < end; ++i) {
      sum +=
          1 - kernels::matched_row(w.isa())(in + i * c, others + static_cast<ptrdiff_t>(matches[2 * i]) * c,
                                            shape.channels, static_cast<float>(-step.scale), out + i * c);
    }
    return sum;
  });
}

double look_up(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  const float* field = w.floats(step.in);
  const float* positions = w.floats(step.other);
  float* out = w.floats(step.out);
  const int n = w.shape(step.out).height;
  for (int i = 0; i < 2 * n; i += 2) {
    // Positions are centres of cells, so that rounding down cannot miss them.
    const int y = static_cast<int>(positions[i] * static_cast<float>(grid.height));
    const int x = static_cast<int>(positions[i + 1] * static_cast<float>(grid.width));
    const float* cell = field + 2 * (static_cast<ptrdiff_t>(y) * grid.width + x);
    out[i] = cell[0];
    out[i + 1] = cell[1];
  }
  return 0;
}

const RegisterOperation kMatched("matched", {matched});
const RegisterOperation kLookUp("look_up", {look_up});

}  // namespace
}  // namespace scumble::cpu

// Rows of features at positions drawn by lot, and the way back.
#include "../kernels/pick.h"

#include "../../core/picks.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

std::vector<int> positions_of(const Workspace& w, const Step& step, const Shape& features, const Shape& rows) {
  const Picks picks(step.seed, w.evaluation(), features.positions(), static_cast<size_t>(rows.height));
  std::vector<int> found(picks.count);
  for (size_t i = 0; i < found.size(); ++i) found[i] = static_cast<int>(picks[i]);
  return found;
}

double pick(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Shape& rows = w.shape(step.out);
  const std::vector<int> positions = positions_of(w, step, w.shape(step.in), rows);
  const size_t c = static_cast<size_t>(in.channels);
  float* out = w.floats(step.out);
  w.each_rows(rows.height, c, [&](int begin, int end) {
    for (size_t i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      std::copy_n(in.pixel(positions[i] / in.width, positions[i] % in.width), c, out + i * c);
  });
  return 0;
}

double pick_back(const Workspace& w, const Step& step) {
  const Tensor out = w.tensor(step.out);
  const std::vector<int> positions = positions_of(w, step, w.shape(step.out), w.shape(step.in));
  const float* rows = w.floats(step.in);
  w.each_rows(out.height, elements_of(out), [&](int y0, int y1) {
    // They ascend.
    const auto first = std::lower_bound(positions.begin(), positions.end(), y0 * out.width);
    const auto last = std::lower_bound(first, positions.end(), y1 * out.width);
    kernels::pick_back(w.isa())(rows + (first - positions.begin()) * out.channels,
                                positions.data() + (first - positions.begin()),
                                static_cast<int>(last - first), out, w.origin(step.mask), step.accumulate, y0,
                                y1);
  });
  return 0;
}

const RegisterOperation kPick("pick", {pick});
const RegisterOperation kPickBack("pick_back", {pick_back});

}  // namespace
}  // namespace scumble::cpu

// A picture from the coefficients of its Laplacian pyramid, level by level, and the gradient of the coefficients from
// the picture's.
#include "../kernels/laplacian.h"

#include <cstring>

#include "../../core/laplacian.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

size_t row_elements(const PyramidLevel& level) {
  return static_cast<size_t>(level.width) * 3;
}

double laplacian(const Workspace& w, const Step& step) {
  const Pyramid pyramid(w.shape(step.out), w.shape(step.in));
  const auto& levels = pyramid.levels();
  const float* coefficients = w.floats(step.in);
  const float* half = coefficients + levels.back().offset;
  if (levels.size() == 1) std::memcpy(w.floats(step.out), half, levels[0].elements() * sizeof(float));
  for (size_t l = levels.size() - 1; l-- > 0;) {
    const PyramidLevel& of = levels[l + 1];
    const PyramidLevel& to = levels[l];
    float* finer = l == 0 ? w.floats(step.out) : w.floats(step.scratch) + (to.offset - levels[1].offset);
    w.each_rows(to.height, row_elements(to), [&](int y0, int y1) {
      kernels::laplacian_up(w.isa())(half, of.height, of.width, coefficients + to.offset, finer, to.height,
                                     to.width, y0, y1);
    });
    half = finer;
  }
  return 0;
}

double laplacian_back(const Workspace& w, const Step& step) {
  const Pyramid pyramid(w.shape(step.in), w.shape(step.out));
  const auto& levels = pyramid.levels();
  float* gradient = w.floats(step.out);
  std::memcpy(gradient, w.floats(step.in), levels[0].elements() * sizeof(float));
  for (size_t l = 1; l < levels.size(); ++l) {
    const PyramidLevel& of = levels[l - 1];
    const PyramidLevel& to = levels[l];
    // A row of the half takes about four of the whole, each of them twice as long.
    w.each_rows(to.height, 8 * row_elements(to), [&](int y0, int y1) {
      kernels::laplacian_up_back(w.isa())(gradient + of.offset, of.height, of.width, gradient + to.offset,
                                          to.height, to.width, y0, y1);
    });
  }
  return 0;
}

const RegisterOperation kLaplacian("laplacian", {laplacian});
const RegisterOperation kLaplacianBack("laplacian_back", {laplacian_back});

}  // namespace
}  // namespace scumble::cpu

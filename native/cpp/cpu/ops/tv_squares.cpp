// Total variation of the picture as a sum of squares.
#include "../kernels/tv_squares.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double tv_squares(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t row = static_cast<size_t>(shape.width) * 3;
  const float scale = static_cast<float>(step.scale);
  return step.loss_scale * w.sum_rows(shape.height, row, [&](int y0, int y1) {
    return kernels::tv_squares(w.isa())(w.floats(step.in), shape.width, shape.height, step.variation,
                                        w.floats(step.out), step.accumulate, scale, y0, y1);
  });
}

const RegisterOperation kTvSquares("tv_squares", {tv_squares});

}  // namespace
}  // namespace scumble::cpu

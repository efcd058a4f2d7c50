// Rows of a matrix scaled to length 1, and their gradient.
#include "../kernels/unit_rows.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double unit_rows(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  w.each_rows(shape.height, static_cast<size_t>(shape.channels), [&](int begin, int end) {
    kernels::unit_rows(w.isa())(w.floats(step.in), shape.channels, begin, end, w.floats(step.out));
  });
  return 0;
}

double unit_rows_back(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  w.each_rows(shape.height, static_cast<size_t>(shape.channels), [&](int begin, int end) {
    kernels::unit_rows_back(w.isa())(w.floats(step.in), w.floats(step.other), shape.channels, begin, end,
                                     static_cast<float>(step.scale), w.floats(step.out));
  });
  return 0;
}

const RegisterOperation kUnitRows("unit_rows", {unit_rows});
const RegisterOperation kUnitRowsBack("unit_rows_back", {unit_rows_back});

}  // namespace
}  // namespace scumble::cpu

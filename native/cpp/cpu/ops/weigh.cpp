// Features times a guide.
#include "../kernels/weigh.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double weigh(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  w.each_rows(in.height, elements_of(in),
              [&](int y0, int y1) { kernels::weigh(w.isa())(in, w.floats(step.guide), out, y0, y1); });
  return 0;
}

const RegisterOperation kWeigh("weigh", {weigh});

}  // namespace
}  // namespace scumble::cpu

// 2x2 pooling and its gradient.
#include "../kernels/pool.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

int kind_of(const Workspace& w) {
  return static_cast<int>(w.plan().pooling);
}

double pool(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const float scale = static_cast<float>(step.scale);
  w.each_rows(out.height, 2 * elements_of(in),
              [&](int y0, int y1) { kernels::pool(w.isa())(kind_of(w), scale, in, out, y0, y1); });
  return 0;
}

double pool_back(const Workspace& w, const Step& step) {
  const Tensor gradient = w.tensor(step.in);
  const Tensor in = w.tensor(step.other);
  const Tensor out = w.tensor(step.out);
  const float scale = static_cast<float>(step.scale);
  w.each_rows(gradient.height, 2 * elements_of(in), [&](int y0, int y1) {
    kernels::pool_back(w.isa())(kind_of(w), scale, gradient, in, out, w.origin(step.mask), step.accumulate,
                                y0, y1);
  });
  return 0;
}

const RegisterOperation kPool("pool", {pool});
const RegisterOperation kPoolBack("pool_back", {pool_back});

}  // namespace
}  // namespace scumble::cpu

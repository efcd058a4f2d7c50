// A ReLU that stands alone, because something looks at the convolution before it.
#include "../kernels/relu.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double relu(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  w.each_rows(in.height, elements_of(in), [&](int y0, int y1) { kernels::relu(w.isa())(in, out, y0, y1); });
  return 0;
}

double relu_back(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  w.each_rows(in.height, elements_of(in), [&](int y0, int y1) {
    kernels::relu_back(w.isa())(in, w.origin(step.other), out, w.origin(step.mask), step.accumulate, y0, y1);
  });
  return 0;
}

const RegisterOperation kRelu("relu", {relu});
const RegisterOperation kReluBack("relu_back", {relu_back});

}  // namespace
}  // namespace scumble::cpu

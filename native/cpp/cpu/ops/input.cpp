// Between the picture and a network's input.
#include "../kernels/input.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double input(const Workspace& w, const Step& step) {
  const Tensor out = w.tensor(step.out);
  const Preprocessing& preprocessing = w.network(step).architecture().preprocessing;
  const Channels c = channels_of(preprocessing);
  const bool replicate = preprocessing.padding == Padding::replicate;
  w.each_rows(out.height, elements_of(out), [&](int y0, int y1) {
    kernels::input(w.isa())(w.floats(step.in), out, c.order, c.scale, c.shift, replicate, y0, y1);
  });
  return 0;
}

double input_back(const Workspace& w, const Step& step) {
  const Tensor gradient = w.tensor(step.in);
  const Channels c = channels_of(w.network(step).architecture().preprocessing);
  w.each_rows(gradient.height, elements_of(gradient), [&](int y0, int y1) {
    kernels::input_back(w.isa())(gradient, w.floats(step.out), c.order, c.scale, step.accumulate, y0, y1);
  });
  return 0;
}

const RegisterOperation kInput("input", {input});
const RegisterOperation kInputBack("input_back", {input_back});

}  // namespace
}  // namespace scumble::cpu

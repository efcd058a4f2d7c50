// A term's own gradient, scaled to an L1 norm of its weight.
#include "../kernels/normalize.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double normalize(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const double norm = w.sum_rows(in.height, elements_of(in),
                                 [&](int y0, int y1) { return kernels::magnitudes(w.isa())(in, y0, y1); });
  const float factor = static_cast<float>(step.scale / (norm + kLeastNorm * step.scale));
  w.each_rows(in.height, elements_of(in), [&](int y0, int y1) {
    kernels::scaled(w.isa())(in, factor, out, w.origin(step.mask), step.accumulate, y0, y1);
  });
  return 0;
}

const RegisterOperation kNormalize("normalize", {normalize});

}  // namespace
}  // namespace scumble::cpu

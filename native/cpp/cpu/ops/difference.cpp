// How far features or a statistic are from their target, with the gradient of its square.
#include "../kernels/difference.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double difference(const Workspace& w, const Step& step) {
  const float scale = static_cast<float>(step.scale);
  if (w.kind(step.in) != BufferKind::tensor) {
    return step.loss_scale * w.sum_runs(w.shape(step.in).elements(), [&](size_t begin, size_t count) {
      return kernels::difference(w.isa())(w.floats(step.in) + begin, w.floats(step.other) + begin,
                                          w.floats(step.out) + begin, scale, count);
    });
  }
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  return step.loss_scale * w.sum_rows(in.height, elements_of(in), [&](int y0, int y1) {
    return kernels::tensor_difference(w.isa())(in, w.origin(step.other), out, w.origin(step.mask),
                                               step.accumulate, scale, y0, y1);
  });
}

const RegisterOperation kDifference("difference", {difference});

}  // namespace
}  // namespace scumble::cpu

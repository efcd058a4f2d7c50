// Products of matrices as steps of a plan.
#include "../multiply.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

double multiply(const Workspace& w, const Step& step) {
  const Shape& in = w.shape(step.in);
  const Shape& out = w.shape(step.out);
  Multiplication m;
  m.in = w.floats(step.in);
  m.other = w.floats(step.other);
  m.out = w.floats(step.out);
  m.rows = out.height;
  m.columns = out.channels;
  m.inner = step.transpose_in ? in.height : in.channels;
  m.scale = static_cast<float>(step.scale);
  m.transpose_in = step.transpose_in;
  m.transpose_other = step.transpose_other;
  m.accumulate = step.accumulate;
  cpu::multiply(w, m, step.symmetric);
  return 0;
}

size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const Shape& out = plan.buffer(step.out).shape;
  return multiply_scratch(machine, out.height, out.channels);
}

const RegisterOperation kMultiply("multiply", {multiply, scratch});

}  // namespace
}  // namespace scumble::cpu

#include "fuse.h"

namespace scumble::cuda {
namespace {

bool follows(const Plan& plan, size_t i, Op op, BufferId in) {
  return i < plan.steps.size() && plan.steps[i].op == op && plan.steps[i].in == in;
}

}  // namespace

bool is_measured_next(const Plan& plan, size_t step) {
  return plan.steps[step].op == Op::gram && follows(plan, step + 1, Op::style_loss, plan.steps[step].out);
}

bool is_pooled_next(const Plan& plan, size_t step) {
  return plan.steps[step].op == Op::conv && follows(plan, step + 1, Op::pool, plan.steps[step].out);
}

size_t first_two(const Plan& plan, size_t step, Precision precision) {
  const Step& first = plan.steps[step];
  if (precision != Precision::bf16 || first.op != Op::conv || first.convolution != 0) return 0;
  size_t next = step + 1;
  if (follows(plan, next, Op::gram, first.out) && is_measured_next(plan, next)) next += 2;
  if (!follows(plan, next, Op::conv, first.out)) return 0;
  return next - step + (is_pooled_next(plan, next) ? 2 : 1);
}

size_t steps_at_once(const Plan& plan, size_t step, Precision precision) {
  if (const size_t count = first_two(plan, step, precision)) return count;
  return is_measured_next(plan, step) || is_pooled_next(plan, step) ? 2 : 1;
}

}  // namespace scumble::cuda

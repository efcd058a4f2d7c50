#include "fuse.h"

#include <algorithm>

namespace scumble::cuda {
namespace {

bool follows(const Plan& plan, size_t i, std::string_view op, BufferId in) {
  return i < plan.steps.size() && plan.steps[i].op == op && plan.steps[i].in == in;
}

bool is_pooled_next(const Plan& plan, size_t i) {
  return plan.steps[i].op == "conv" && follows(plan, i + 1, "pool", plan.steps[i].out) &&
         plan.steps[i + 1].scale == 1;
}

// A Gram matrix that nothing but the next step, a difference, looks at.
bool is_measured_next(const Plan& plan, size_t i) {
  const BufferId matrix = plan.steps[i].out;
  if (plan.steps[i].op != "gram" || !follows(plan, i + 1, "difference", matrix)) return false;
  const auto after = plan.steps.begin() + static_cast<ptrdiff_t>(i) + 2;
  return std::none_of(after, plan.steps.end(), [&](const Step& step) {
    const auto touched = step.buffers();
    return std::find(touched.begin(), touched.end(), matrix) != touched.end();
  });
}

// The sums of all rows for such a matrix.
bool is_gram_measured_next(const Plan& plan, size_t i, BufferId features) {
  if (!follows(plan, i, "gram_sums", features) || !follows(plan, i + 1, "gram", plan.steps[i].out))
    return false;
  const Step& sums = plan.steps[i];
  return sums.rows == plan.buffer(features).shape.height && !sums.accumulate && is_measured_next(plan, i + 1);
}

// The second of the first two convolutions, or 0 where they do not begin here. Whether there is a kernel for
// their channels and the card is another question.
size_t second_after(const Plan& plan, size_t i, Arithmetic precision) {
  const Step& first = plan.steps[i];
  if (precision != Arithmetic::bf16 || first.op != "conv" || first.convolution != 0) return 0;
  const size_t next = i + 1 + (is_gram_measured_next(plan, i + 1, first.out) ? 3 : 0);
  return follows(plan, next, "conv", first.out) ? next : 0;
}

Group group_at(const Plan& plan, size_t i, Arithmetic precision) {
  if (const size_t second = second_after(plan, i, precision)) {
    if (is_pooled_next(plan, second)) return {"first_two_pool", i, second - i + 2};
    return {"first_two", i, second - i + 1};
  }
  if (is_measured_next(plan, i)) return {"gram_difference", i, 2};
  if (is_pooled_next(plan, i)) return {"conv_pool", i, 2};
  return {plan.steps[i].op, i, 1};
}

}  // namespace

std::vector<Group> fuse(const Plan& plan, Arithmetic precision) {
  std::vector<Group> groups;
  for (size_t i = 0; i < plan.steps.size(); i += groups.back().count)
    groups.push_back(group_at(plan, i, precision));
  return groups;
}

}  // namespace scumble::cuda

#include "workspace.h"

#include <algorithm>

#include "../ops/lbfgs.h"
#include "offsets.h"
#include "operation.h"

namespace scumble::cuda {
namespace {

size_t most_scratch(const Plan& plan, Arithmetic precision) {
  size_t most = 0;
  for (const Step& step : plan.steps) {
    const auto scratch = operation(step.op).scratch;
    if (scratch != nullptr) most = std::max(most, scratch(plan, step, precision));
  }
  return most;
}

// The longest history that the plan has vectors for.
int longest_history(const Plan& plan) {
  return std::max(1, static_cast<int>(plan.vectors.size()) / 2 - 1);
}

}  // namespace

ProgramLayout::ProgramLayout(const Plan& plan, Arithmetic precision) {
  Offsets offsets;
  offsets.take(plan.bytes);  // the arena, at the start
  const size_t slots = static_cast<size_t>(plan.slots);
  partials = offsets.take(slots * kPartials * sizeof(double));
  losses = offsets.take(slots * sizeof(double));
  progress = offsets.take(sizeof(Progress));
  lbfgs = offsets.take(lbfgs_bytes(longest_history(plan)));
  scratch_bytes = most_scratch(plan, precision);
  scratch = offsets.take(scratch_bytes);
  bytes = offsets.bytes();
}

Pool Workspace::pool() const {
  switch (plan_.pooling) {
    case Pooling::max:
      return Pool::max;
    case Pooling::average:
      return Pool::average;
    case Pooling::l2:
      break;
  }
  return Pool::l2;
}

}  // namespace scumble::cuda

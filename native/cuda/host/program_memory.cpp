#include "program_memory.h"

#include <algorithm>

#include "offsets.h"

namespace scumble::cuda {
namespace {

// The most that one of the convolutions wants; they run one after the other.
size_t convolution_bytes(const Plan& plan, Precision precision) {
  size_t most = 0;
  for (const Step& step : plan.steps) {
    if ((step.op != Op::conv && step.op != Op::conv_back) || step.convolution == 0) continue;
    const Shape& in = plan.buffers[static_cast<size_t>(step.in)].shape;
    const Shape& out = plan.buffers[static_cast<size_t>(step.out)].shape;
    most = std::max(most,
                    convolution_scratch_bytes(in.channels, out.channels, out.height, out.width, precision));
  }
  return most;
}

// The longest history that the plan has vectors for, one of which is the session's own.
int longest_history(const Plan& plan) {
  return std::max(1, (static_cast<int>(plan.vectors.size()) - 1) / 2 - 1);
}

}  // namespace

ProgramLayout::ProgramLayout(const Plan& plan, Precision precision) {
  Offsets offsets;
  offsets.take(plan.bytes);  // the arena, at the start
  const size_t slots = static_cast<size_t>(plan.slots);
  partials = offsets.take(slots * kPartials * sizeof(double));
  losses = offsets.take(slots * sizeof(double));
  state = offsets.take(sizeof(State));
  lbfgs = offsets.take(lbfgs_bytes(longest_history(plan)));
  scratch_bytes = convolution_bytes(plan, precision);
  scratch = offsets.take(scratch_bytes);
  bytes = offsets.bytes();
}

}  // namespace scumble::cuda

// Which of a plan's steps are made at once, by one kernel or while what passes between them is at hand. The
// plan's memory is laid out by the same rules that queue them.
#pragma once

#include "../../cpp/core/plan.h"
#include "../ops/precision.h"

namespace scumble::cuda {

// A Gram matrix whose style loss is the next step.
bool is_measured_next(const Plan& plan, size_t step);
// A convolution whose pool is the next step.
bool is_pooled_next(const Plan& plan, size_t step);
// The first two convolutions, with the style loss between and the pool behind: how many steps these are, or 0
// where they do not begin here. Whether there is a kernel for their channels and the card is another
// question.
size_t first_two(const Plan& plan, size_t step, Precision precision);

// How many steps, from this one on, may be made at once.
size_t steps_at_once(const Plan& plan, size_t step, Precision precision);

}  // namespace scumble::cuda

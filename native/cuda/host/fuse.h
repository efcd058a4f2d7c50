// Which steps that follow each other an operation makes at once: by one kernel, or while what passes between
// them is at hand.
#pragma once

#include <vector>

#include "../../cpp/core/plan.h"
#include "../ops/arithmetic.h"

namespace scumble::cuda {

//   gram_difference  a Gram matrix and its difference from the target; the matrix itself is not kept
//   conv_pool        a convolution and its pool
//   first_two        the network's first two convolutions, with the first one's Gram matrix and its
//   first_two_pool   difference where these stand between; and with the second one's pool
std::vector<Group> fuse(const Plan& plan, Arithmetic precision);

}  // namespace scumble::cuda

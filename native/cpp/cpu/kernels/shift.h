#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// out (+)= in + by per channel, that times the guide's square; then 0 where mask is not positive.
SCUMBLE_KERNEL(void, shift,
               (const Tensor& in, const float* by, const float* guide, const Tensor& out, const float* mask,
                bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// out (+)= rows at these positions, 0 elsewhere, then 0 where mask is not positive, over rows [y0, y1) of out, in
// which all `count` positions lie.
SCUMBLE_KERNEL(void, pick_back,
               (const float* rows, const int* positions, int count, const Tensor& out, const float* mask,
                bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

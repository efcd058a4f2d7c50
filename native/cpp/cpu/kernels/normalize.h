#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// The sum of magnitudes of rows [y0, y1).
SCUMBLE_KERNEL(double, magnitudes, (const Tensor& in, int y0, int y1));
// out (+)= factor * in; then 0 where mask is not positive.
SCUMBLE_KERNEL(void, scaled,
               (const Tensor& in, float factor, const Tensor& out, const float* mask, bool accumulate, int y0,
                int y1));

}  // namespace scumble::cpu

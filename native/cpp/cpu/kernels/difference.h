#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Returns sum (a - b)^2 over n floats; out = scale * (a - b).
SCUMBLE_KERNEL(double, difference, (const float* a, const float* b, float* out, float scale, size_t n));
// Returns sum (in - target)^2 over rows [y0, y1); out (+)= scale * (in - target), masked.
SCUMBLE_KERNEL(double, tensor_difference,
               (const Tensor& in, const float* target, const Tensor& out, const float* mask, bool accumulate,
                float scale, int y0, int y1));

}  // namespace scumble::cpu

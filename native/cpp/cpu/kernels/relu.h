#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

SCUMBLE_KERNEL(void, relu, (const Tensor& in, const Tensor& out, int y0, int y1));
// out (+)= in where `positive` > 0; then 0 where mask is not positive.
SCUMBLE_KERNEL(void, relu_back,
               (const Tensor& in, const float* positive, const Tensor& out, const float* mask,
                bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

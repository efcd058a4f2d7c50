#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// out = in times the guide (height x width, dense), pixel by pixel.
SCUMBLE_KERNEL(void, weigh, (const Tensor& in, const float* guide, const Tensor& out, int y0, int y1));

}  // namespace scumble::cpu

#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Returns row . other; out = scale * other
SCUMBLE_KERNEL(double, matched_row,
               (const float* row, const float* other, int channels, float scale, float* out));

}  // namespace scumble::cpu

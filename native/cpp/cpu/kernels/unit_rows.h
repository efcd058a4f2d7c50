#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Rows [begin, end) of a matrix of so many columns. A row of zeros stays one.
//
// out = in / |in|
SCUMBLE_KERNEL(void, unit_rows, (const float* in, int columns, int begin, int end, float* out));
// The gradient of that, g the gradient of unit rows: out = scale * (g - u (u . g)) / |in|, u = in / |in|.
SCUMBLE_KERNEL(void, unit_rows_back,
               (const float* g, const float* in, int columns, int begin, int end, float scale, float* out));

}  // namespace scumble::cpu

#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Means of columns [begin, end) over all rows.
SCUMBLE_KERNEL(void, column_means,
               (const float* in, int rows, int columns, int begin, int end, float* means));
// Rows [begin, end): out = in + by * row
SCUMBLE_KERNEL(void, add_row,
               (const float* in, const float* row, int columns, int begin, int end, float by, float* out));
// Returns sum |a - b|; out = scale * sign(a - b), where 0 has none.
SCUMBLE_KERNEL(double, sign_difference, (const float* a, const float* b, size_t n, float scale, float* out));

}  // namespace scumble::cpu

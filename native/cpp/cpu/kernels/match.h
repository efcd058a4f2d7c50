#pragma once

#include "kernel.h"

namespace scumble::cpu {

// The least cost of each of rows [begin, end), and its column: the first one of equals.
SCUMBLE_KERNEL(void, least_of_rows,
               (const float* costs, int columns, int begin, int end, float* least, float* column));
// The least cost of each of columns [begin, end) over all rows, and its row: the first one of equals.
SCUMBLE_KERNEL(void, least_of_columns,
               (const float* costs, int rows, int columns, int begin, int end, float* least, float* row));
// to += by * from
SCUMBLE_KERNEL(void, add_scaled, (float by, const float* from, int n, float* to));

}  // namespace scumble::cpu

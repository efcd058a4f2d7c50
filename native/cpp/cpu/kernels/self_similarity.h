#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Of n x n cosines, the columns [begin, end), at most kShareColumns: distances 1 - cos, 0 on the diagonal, divided by their
// column's sum, which is n * 1e-5 at least.
constexpr int kShareColumns = 64;
SCUMBLE_KERNEL(void, distance_shares, (const float* cosines, int n, int begin, int end, float* shares));
// Returns sum |shares - target|; slopes = scale * its gradient with respect to the cosines.
SCUMBLE_KERNEL(double, self_similarity,
               (const float* cosines, const float* target, int n, int begin, int end, float scale,
                float* slopes));
// Rows [begin, end): out = in + its transpose.
SCUMBLE_KERNEL(void, symmetric, (const float* in, int n, int begin, int end, float* out));

}  // namespace scumble::cpu

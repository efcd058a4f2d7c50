#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Means over `count` rows of so many channels, one after the other, of channels [c0, c1).
SCUMBLE_KERNEL(void, row_means, (const float* rows, int count, int channels, int c0, int c1, float* means));
// out = row - means, of length 1; returns 1 / its length before. Where all is zero, so are both.
SCUMBLE_KERNEL(float, unit_row, (const float* row, const float* means, int channels, float* out));
// The cosine c of two rows of length 1, of which the second has its values `stride` apart; out = scale * (c * row -
// other): the gradient of -c with respect to what has been scaled to `row`, times its length.
SCUMBLE_KERNEL(double, cosine_row,
               (const float* row, const float* other, int stride, int channels, float scale, float* out));
// out -= means
SCUMBLE_KERNEL(void, centre_row, (float* out, const float* means, int channels));

}  // namespace scumble::cpu

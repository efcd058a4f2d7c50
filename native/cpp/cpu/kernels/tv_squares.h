#pragma once

#include "../../core/variation.h"
#include "kernel.h"

namespace scumble::cpu {

// Returns the weighted sum of squares of the differences that start in rows [y0, y1) of an RGB picture; the
// gradient of those rows (+)= scale * its derivative.
SCUMBLE_KERNEL(double, tv_squares,
               (const float* picture, int width, int height, const Variation& by, float* gradient,
                bool accumulate, float scale, int y0, int y1));

}  // namespace scumble::cpu

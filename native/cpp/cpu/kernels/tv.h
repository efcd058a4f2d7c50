#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Returns sum |dx| + |dy| of the differences that start in rows [y0, y1) of an RGB picture; the gradient of
// those rows (+)= scale * its derivative.
SCUMBLE_KERNEL(double, tv,
               (const float* picture, int width, int height, float* gradient, bool accumulate, float scale,
                int y0, int y1));

}  // namespace scumble::cpu

// One level of a Laplacian pyramid of interleaved RGB (core/laplacian.h).
#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Rows [y0, y1) of a picture: its detail, and its half between whose pixels it lies.
SCUMBLE_KERNEL(void, laplacian_up,
               (const float* half, int half_height, int half_width, const float* detail, float* to,
                int height, int width, int y0, int y1));
// The adjoint: rows [y0, y1) of the half's gradient.
SCUMBLE_KERNEL(void, laplacian_up_back,
               (const float* gradient, int height, int width, float* to, int half_height, int half_width,
                int y0, int y1));

}  // namespace scumble::cpu

#pragma once

#include "simd.h"

#include "tensor.h"

namespace scumble::cpu::SCUMBLE_ISA {

// Zeroes the border beside the rectangle [y0, y1) x [x0, x1), corners included, in `count` channels from c0;
// only what lies along the tensor's edge has any.
void clear_border(const Tensor& t, int y0, int y1, int x0, int x1, int c0, int count);
// The same for whole rows and all channels.
void clear_border(const Tensor& t, int y0, int y1);

}  // namespace scumble::cpu::SCUMBLE_ISA

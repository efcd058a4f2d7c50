#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Lowers `low` and raises `high` (all channels) to the range of channels [c0, c1) over rows [y0, y1).
SCUMBLE_KERNEL(void, channel_range,
               (const Tensor& features, int c0, int c1, int y0, int y1, float* low, float* high));
// Adds each value of channels [c0, c1) over rows [y0, y1) to counts (bins x channels): shared by its two
// neighbours among `bins` points from low to high.
SCUMBLE_KERNEL(void, histogram_counts,
               (const Tensor& features, const float* low, const float* high, int bins, int c0, int c1, int y0,
                int y1, double* counts));
// Returns sum (in - R)^2 over rows [y0, y1), where R(in) lies between the values that `map` (bins x channels)
// has for its two neighbours; out (+)= scale * (in - R), masked.
SCUMBLE_KERNEL(double, histogram_back,
               (const Tensor& in, const float* low, const float* high, const float* map, int bins,
                const Tensor& out, const float* mask, bool accumulate, float scale, int y0, int y1));

}  // namespace scumble::cpu

#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Costs between each of rows [begin, end) of colours and each of `count` others, which are given channel by channel
// (3 x count) with their lengths: 1 - cos + sqrt(max(|difference|^2, 1e-5) / 3). The cosine of black is 0.
SCUMBLE_KERNEL(void, colour_costs,
               (const float* colours, int begin, int end, const float* others, const float* lengths,
                int count, float* costs));

}  // namespace scumble::cpu

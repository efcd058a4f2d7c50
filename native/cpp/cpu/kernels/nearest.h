#pragma once

#include "kernel.h"

namespace scumble::cpu {

// Of each of `count` rows a, which of the columns [column0, column1) of panels has the largest a . b - penalty, the
// first of equals, and that. Panels are blocks of Isa::block columns, [block][channel][column], of which there are
// `columns`; column0 begins one. No penalty: null. Scratch: nearest_scratch() floats, aligned to a cache line.
SCUMBLE_KERNEL(void, nearest,
               (const float* rows, int count, int channels, const float* panels, const float* penalty,
                int columns, int column0, int column1, float* index, float* value, float* scratch));
SCUMBLE_KERNEL(size_t, nearest_scratch, (int count));

}  // namespace scumble::cpu

#pragma once

#include "kernel.h"

namespace scumble::cpu {

// A layer's features or their gradient, or the picture's: pixels at a distance of `row` from row to row, with
// a border of zeros around them if `bordered`.
struct Grid {
  float* at = nullptr;
  ptrdiff_t row = 0;
  int channels = 0;
  int height = 0;
  int width = 0;
  bool bordered = false;
};

// Positions are pairs y, x in the unit square that a grid fills; `row` is the distance between two samples.
//
// Samples [begin, end), times `scale`.
SCUMBLE_KERNEL(void, sample,
               (const Grid& from, const float* positions, int begin, int end, float scale, float* samples,
                ptrdiff_t row));
// The adjoint: rows [y0, y1) of `to`, (+)= what `count` gradients of samples, times `scale`, leave there in
// their order; masked.
SCUMBLE_KERNEL(void, sample_back,
               (const float* samples, ptrdiff_t row, const float* positions, int count, float scale,
                const Grid& to, const float* mask, bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

// Products of dense matrices, for statistics.
#pragma once

#include "kernel.h"

namespace scumble::cpu {

// out = scale * op(in) op(other) (+ out if accumulate): rows x inner times inner x columns, each matrix dense
// and row by row, as it lies before op transposes it.
struct Multiplication {
  const float* in = nullptr;
  const float* other = nullptr;
  float* out = nullptr;
  int rows = 0;
  int columns = 0;
  int inner = 0;
  float scale = 1;
  bool transpose_in = false;
  bool transpose_other = false;
  bool accumulate = false;
};

// Rows [i0, i1) and columns [j0, j1) of the product; j0 is a multiple of Isa::block. What an element comes to
// does not depend on them. Where the product is known to be symmetric, half of it is enough: mirror() then copies
// what rows [i0, i1) have left of the diagonal to above it. Scratch: multiply_scratch() floats for so many rows, aligned to a cache line.
SCUMBLE_KERNEL(void, multiply, (const Multiplication& m, int i0, int i1, int j0, int j1, float* scratch));
SCUMBLE_KERNEL(void, mirror, (float* matrix, int size, int i0, int i1));
SCUMBLE_KERNEL(size_t, multiply_scratch, (int rows));

}  // namespace scumble::cpu

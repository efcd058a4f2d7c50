// A product of matrices is the product with a matrix at every pixel (product.cpp), a piece of both at a time
// that stays in the caches. The pieces are copied: rows of `in` so that their distance is no power of two that
// would throw them out of the first-level cache, columns of `other` into blocks, and both transposed on the
// way where that is asked for.
#include "simd.h"

#include "multiply.h"

#include "product_rows.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

constexpr int kBlock = 2 * kWidth;
// Terms of a sum that are added in registers. A block of `other` so deep fits the first-level cache.
constexpr int kDepth = 240;
// Transposed in squares of this side.
constexpr int kSquare = 4;

// to[i][j] = from[i][j], scaled.
inline __attribute__((always_inline)) void copy(const float* from, ptrdiff_t from_row, int rows, int columns,
                                                float scale, float* to, ptrdiff_t to_row) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) to[i * to_row + j] = scale * from[i * from_row + j];
  }
}

// to[j][i] = from[i][j], scaled.
inline __attribute__((always_inline)) void transpose(const float* from, ptrdiff_t from_row, int rows,
                                                     int columns, float scale, float* to, ptrdiff_t to_row) {
  int i = 0;
  for (; i + kSquare <= rows; i += kSquare) {
    for (int j = 0; j < columns; ++j) {
#pragma GCC unroll 4
      for (int k = 0; k < kSquare; ++k) to[j * to_row + i + k] = scale * from[(i + k) * from_row + j];
    }
  }
  for (; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) to[j * to_row + i] = scale * from[i * from_row + j];
  }
}

// Rows [i0, i1) of op(in), terms [k0, k1).
void pack_in(const Multiplication& m, int i0, int i1, int k0, int k1, float* to) {
  const int depth = k1 - k0;
  if (m.transpose_in) {
    transpose(m.in + static_cast<ptrdiff_t>(k0) * m.rows + i0, m.rows, depth, i1 - i0, m.scale, to, depth);
  } else {
    copy(m.in + static_cast<ptrdiff_t>(i0) * m.inner + k0, m.inner, i1 - i0, depth, m.scale, to, depth);
  }
}

// A block of op(other) from column j on, terms [k0, k1); zero where there is no column.
void pack_other(const Multiplication& m, int j, int k0, int k1, float* to) {
  const int depth = k1 - k0;
  const int left = m.columns - j;
  const int count = left < kBlock ? left : kBlock;
  if (count < kBlock) {
    for (ptrdiff_t n = 0; n < static_cast<ptrdiff_t>(depth) * kBlock; ++n) to[n] = 0;
  }
  if (m.transpose_other) {
    transpose(m.other + static_cast<ptrdiff_t>(j) * m.inner + k0, m.inner, count, depth, 1, to, kBlock);
  } else {
    copy(m.other + static_cast<ptrdiff_t>(k0) * m.columns + j, m.columns, depth, count, 1, to, kBlock);
  }
}

}  // namespace

void multiply(const Multiplication& m, int i0, int i1, int j0, int j1, float* scratch) {
  float* block = scratch;
  float* rows = scratch + static_cast<ptrdiff_t>(kBlock) * kDepth;
  Product p;
  p.taps = 1;
  p.out = {m.out + static_cast<ptrdiff_t>(i0) * m.columns, m.columns, 1, i1 - i0};
  for (int k0 = 0; k0 < m.inner; k0 += kDepth) {
    const int k1 = m.inner < k0 + kDepth ? m.inner : k0 + kDepth;
    pack_in(m, i0, i1, k0, k1, rows);
    p.in = {rows, k1 - k0, 1, i1 - i0};
    p.accumulate = m.accumulate || k0 > 0;
    for (int j = j0; j < j1; j += kBlock) {
      pack_other(m, j, k0, k1, block);
      product_rows(p, block, j / kBlock, 0, 1);
    }
  }
}

void mirror(float* matrix, int size, int i0, int i1) {
  const ptrdiff_t row = size;
  transpose(matrix + i0 * row, row, i1 - i0, i0, 1, matrix + i0, row);
  for (int i = i0; i < i1; ++i) {
    for (int j = i0; j < i; ++j) matrix[j * row + i] = matrix[i * row + j];
  }
}

size_t multiply_scratch(int rows) {
  return static_cast<size_t>(rows + kBlock) * kDepth;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// F^T F as a symmetric product over positions: a register tile of kRows x two vectors of the matrix gathers a
// short run of positions in float32, then joins the double sums, so that accuracy does not depend on the
// picture's size.
#include "simd.h"

#include "gram.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

// Positions gathered in float32 before they join the double sums, at most.
constexpr int kRun = 320;

// Adds rows [i, i + Rows) x columns [j, j + 2 vectors) over `count` positions starting at `f`.
template <int Rows>
struct Tile {
  static void run(const float* f, int channels, int count, int i, int j, double* sums) {
    Vec acc[Rows][2];
    for (int r = 0; r < Rows; ++r) acc[r][0] = acc[r][1] = Vec{};
    const int left = channels - j;
    const ptrdiff_t ahead = static_cast<ptrdiff_t>(count) * channels;  // the next run's
    if (left >= 2 * kWidth) {
      for (int m = 0; m < count; ++m, f += channels) {
        __builtin_prefetch(f + ahead + i, 0, 2);
        __builtin_prefetch(f + ahead + j, 0, 2);
        __builtin_prefetch(f + ahead + j + kWidth, 0, 2);
        const Vec right0 = load(f + j);
        const Vec right1 = load(f + j + kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const Vec value = splat(f[i + r]);
          acc[r][0] += value * right0;
          acc[r][1] += value * right1;
        }
      }
    } else {
      for (int m = 0; m < count; ++m, f += channels) {
        const Vec right0 = load(f + j, left);
        const Vec right1 = left > kWidth ? load(f + j + kWidth, left - kWidth) : Vec{};
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const Vec value = splat(f[i + r]);
          acc[r][0] += value * right0;
          acc[r][1] += value * right1;
        }
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      double* to = sums + static_cast<ptrdiff_t>(i + r) * channels + j;
      for (int v = 0; v < 2; ++v) {
        const DoubleVec wide = widen(acc[r][v]);
        const int lanes = left - v * kWidth < kWidth ? left - v * kWidth : kWidth;
        for (int k = 0; k < lanes; ++k) to[v * kWidth + k] += wide[k];
      }
    }
  }
};

}  // namespace

void gram_sums(const Tensor& features, int block_index, int i0, int i1, int y0, int y1, double* sums) {
  const int channels = features.channels;
  const int j = block_index * 2 * kWidth;
  const int rows = i1 - i0;
  const int tiles = (rows + kRows - 1) / kRows;
  const int narrow = rows / tiles;
  const int wider = rows % tiles;
  // The border is zero and adds nothing: rows run on into each other.
  const float* f = features.pixel(y0, -1);
  const int positions = (y1 - y0) * (features.width + 2);
  const int runs = (positions + kRun - 1) / kRun;
  for (int run = 0; run < runs; ++run) {
    const int count = positions / runs + (run < positions % runs ? 1 : 0);
    int i = i0;
    for (int t = 0; t < tiles; ++t) {
      const int height = narrow + (t < wider ? 1 : 0);
      tile_of<Tile>(height)(f, channels, count, i, j, sums);
      i += height;
    }
    f += static_cast<ptrdiff_t>(count) * channels;
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// The product at the heart of everything: a 3x3 convolution, its input gradient (the same with flipped
// kernels), and the Gram gradient S F (one tap). A tile of kRows neighbouring pixels times two vectors of
// output channels stays in registers while taps and input channels stream by: per input channel, two loads of
// weights serve kRows broadcasts of pixels. Rows are cut into tiles of nearly equal width, so that no narrow
// remainder is left.
#include "simd.h"

#include "border.h"
#include "product_rows.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

constexpr int kLine = 16;  // floats

template <int Rows, int Vectors>
struct Tile {
  static void run(const Product& p, const float* weights, int block_index, int y, int x) {
    const int inputs = p.in.channels;
    const ptrdiff_t in_row = p.in.row();
    const int c0 = block_index * 2 * kWidth;
    Vec acc[Rows][Vectors];
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < Vectors; ++v) acc[r][v] = Vec{};
    }
    // Where the sums will go comes from memory meanwhile.
    const float* to = p.out.pixel(y, x) + c0;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < Vectors; ++v) {
        __builtin_prefetch(to + static_cast<ptrdiff_t>(r) * p.out.channels + v * kWidth, 1);
      }
    }
    const float* w = weights;
    for (int tap = 0; tap < p.taps; ++tap) {
      const float* in =
          p.taps == 1 ? p.in.pixel(y, x) : p.in.pixel(y - 1, x - 1) + (tap / 3) * in_row + (tap % 3) * inputs;
      // Many channels of a few pixels are no pattern that the processor fetches ahead by itself.
      const float* soon = p.taps == 1 ? in + static_cast<ptrdiff_t>(Rows) * inputs : w;
      const int stride = p.taps == 1 ? kLine : 0;
      for (int c = 0; c < inputs; ++c, w += 2 * kWidth, soon += stride) {
        __builtin_prefetch(soon);
        Vec weight[Vectors];
        for (int v = 0; v < Vectors; ++v) weight[v] = load(w + v * kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const Vec pixel = splat(in[static_cast<ptrdiff_t>(r) * inputs + c]);
          for (int v = 0; v < Vectors; ++v) acc[r][v] += pixel * weight[v];
        }
      }
    }
    if (p.out.channels - c0 >= Vectors * kWidth) {
      finish<true>(p, acc, c0, p.out.pixel(y, x) + c0);
    } else {
      finish<false>(p, acc, c0, p.out.pixel(y, x) + c0);
    }
  }

  // Whole: the tile's channels all exist. One thing at a time for all sums, or the questions cost as much as
  // the answers.
  template <bool Whole>
  static __attribute__((always_inline)) void finish(const Product& p, Vec (&acc)[Rows][Vectors], int c0,
                                                    float* out) {
    const int channels = p.out.channels;
    const auto left = [&](int v) { return Whole ? kWidth : channels - c0 - v * kWidth; };
    // change(sum, its place from `out`, vector)
    const auto each = [&](const auto& change) __attribute__((always_inline)) {
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
          change(acc[r][v], static_cast<ptrdiff_t>(r) * channels + v * kWidth, v);
        }
      }
    };
    if (p.bias) {
      each([&](Vec& sum, ptrdiff_t, int v) { sum += load(p.bias + c0 + v * kWidth); });
    }
    if (p.accumulate) {
      each([&](Vec& sum, ptrdiff_t at, int v) { sum += load(out + at, left(v)); });
    }
    if (p.relu) {
      each([&](Vec& sum, ptrdiff_t, int) { sum = rectified(sum); });
    }
    if (p.mask) {
      const float* mask = p.mask + (out - p.out.at);
      each([&](Vec& sum, ptrdiff_t at, int v) { sum = keep(load(mask + at, left(v)) > Vec{}, sum); });
    }
    each([&](Vec& sum, ptrdiff_t at, int v) { store(out + at, sum, left(v)); });
  }
};

template <int Rows>
using NarrowTile = Tile<Rows, 1>;
template <int Rows>
using WideTile = Tile<Rows, 2>;

}  // namespace

void product_rows(const Product& p, const float* weights, int block_index, int y0, int y1) {
  const int c0 = block_index * 2 * kWidth;
  const int outputs = p.out.channels - c0;
  const int width = p.out.width;
  const int tiles = (width + kRows - 1) / kRows;
  const int narrow = width / tiles;
  const int wider = width % tiles;  // this many tiles are one pixel wider
  const auto wide_tile = outputs > kWidth ? tile_of<WideTile>(narrow + 1) : tile_of<NarrowTile>(narrow + 1);
  const auto narrow_tile = outputs > kWidth ? tile_of<WideTile>(narrow) : tile_of<NarrowTile>(narrow);
  for (int y = y0; y < y1; ++y) {
    int x = 0;
    for (int t = 0; t < tiles; ++t) {
      (t < wider ? wide_tile : narrow_tile)(p, weights, block_index, y, x);
      x += narrow + (t < wider ? 1 : 0);
    }
  }
}

void product(const Product& p, int block_index, int y0, int y1) {
  const float* weights =
      p.weights + static_cast<ptrdiff_t>(block_index) * p.taps * p.in.channels * 2 * kWidth;
  product_rows(p, weights, block_index, y0, y1);
  const int c0 = block_index * 2 * kWidth;
  const int left = p.out.channels - c0;
  const int count = left < 2 * kWidth ? left : 2 * kWidth;
  clear_border(p.out, y0, y1, 0, p.out.width, c0, count);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

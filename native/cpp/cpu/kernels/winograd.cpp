// The 3x3 product by Winograd's minimal filtering (Lavin & Gray 2015, "Fast Algorithms for Convolutional
// Neural Networks"). F(4x4, 3x3): a tile of 4x4 outputs costs 36 multiplications per channel pair instead of
// 144. Input tiles of 6x6 pixels are transformed to 36 values each; for each of the 36 a small matrix product
// over channels follows; and what comes out is transformed back, with bias, ReLU or mask and sum fused in.
// F(6x6, 3x3) is the same with tiles of 6x6 outputs and 64 points: a fifth fewer multiplications, and four
// times the error.
//
// A task takes a run of tiles and some blocks of output channels through all three stages in its own scratch,
// small enough to stay near the core:
//   V [chunk of inputs][point][tile][input]   the transformed input
//   U [point][input][block]                   the transformed kernels of one chunk and block: made on the way, or
//                                             made before and read from memory, a point ahead of its product.
//                                             They are four to seven times the weights, so a network keeps only
//                                             some
//   M [point][tile][block]                    the products
//
// A fast product rounds V and U to bf16: then an input above is a pair of them, a word of the same size, and
// all else stays as it is.
#include "simd.h"

#include "border.h"
#include "product.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

constexpr int kBlock = 2 * kWidth;

// Inputs whose products are summed in registers. Kernels made on the way must fit the second-level cache, for
// all points; of those that were made before, one point's must fit the first-level cache.
constexpr int kChunk = 64;
constexpr int kLongChunk = 256;

// Distance between the matrices of neighbouring points. A multiple of the page size would send all of them to
// the same few lines of the first-level cache: hence the odd line, a whole one, or every row would lie in
// two.
ptrdiff_t apart(int rows, int columns) {
  constexpr int kLine = 64 / sizeof(float);
  return static_cast<ptrdiff_t>(rows) * columns + kLine;
}

// F(4x4, 3x3), with the points 0, ±1/√2, ±√2 and infinity: with the usual ±1 and ±2 the same arithmetic
// loses 2.5 times the accuracy.
struct Four {
  static constexpr int kOut = 4;
  static constexpr float kA = 0.70710678f;   // a; a^2 = 1/2
  static constexpr float kB = 1.41421356f;   // b = 1/a; b^2 = 2
  static constexpr float kA3 = 0.35355339f;  // a^3
  static constexpr float kB3 = 2.82842712f;  // b^3

  // 6 samples to 6 points: B^T.
  static __attribute__((always_inline)) void to_points(const Vec* d, Vec* t) {
    const Vec even = d[4] - 2 * d[2];
    const Vec odd = kA * (d[3] - 2 * d[1]);
    const Vec even2 = d[4] - 0.5f * d[2];
    const Vec odd2 = kB * (d[3] - 0.5f * d[1]);
    t[0] = d[0] - 2.5f * d[2] + d[4];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = d[1] - 2.5f * d[3] + d[5];
  }

  // 3 kernel values to 6 points: G.
  static __attribute__((always_inline)) void kernel_points(Vec g0, Vec g1, Vec g2, Vec* u) {
    const Vec even = g0 * (-1 / 1.5f) + g2 * (-0.5f / 1.5f);
    const Vec odd = g1 * (-kA / 1.5f);
    const Vec even2 = g0 * (1 / 6.0f) + g2 * (2 / 6.0f);
    const Vec odd2 = g1 * (kB / 6.0f);
    u[0] = g0;
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even2 + odd2;
    u[4] = even2 - odd2;
    u[5] = g2;
  }

  // 6 points to 4 outputs: A^T.
  static __attribute__((always_inline)) void to_outputs(const Vec* m, Vec* o) {
    const Vec even = m[1] + m[2];
    const Vec odd = m[1] - m[2];
    const Vec even2 = m[3] + m[4];
    const Vec odd2 = m[3] - m[4];
    o[0] = m[0] + even + even2;
    o[1] = kA * odd + kB * odd2;
    o[2] = 0.5f * even + 2 * even2;
    o[3] = kA3 * odd + kB3 * odd2 + m[5];
  }
};

// F(6x6, 3x3), with the points 0, ±1, ±2, ±1/2 and infinity, which are as good as any.
struct Six {
  static constexpr int kOut = 6;

  static __attribute__((always_inline)) void to_points(const Vec* d, Vec* t) {
    const Vec even = d[6] - 4.25f * d[4] + d[2];
    const Vec odd = d[5] - 4.25f * d[3] + d[1];
    const Vec even2 = d[6] - 1.25f * d[4] + 0.25f * d[2];
    const Vec odd2 = 2 * (d[5] - 1.25f * d[3] + 0.25f * d[1]);
    const Vec even3 = d[6] - 5 * d[4] + 4 * d[2];
    const Vec odd3 = 0.5f * (d[5] - 5 * d[3] + 4 * d[1]);
    t[0] = d[6] - d[0] + 5.25f * (d[2] - d[4]);
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = even3 + odd3;
    t[6] = even3 - odd3;
    t[7] = d[7] - d[1] + 5.25f * (d[3] - d[5]);
  }

  static __attribute__((always_inline)) void kernel_points(Vec g0, Vec g1, Vec g2, Vec* u) {
    const Vec even = (g0 + g2) * (-1 / 4.5f);
    const Vec odd = g1 * (-1 / 4.5f);
    const Vec even2 = g0 * (1 / 90.0f) + g2 * (4 / 90.0f);
    const Vec odd2 = g1 * (2 / 90.0f);
    const Vec even3 = g0 * (32 / 45.0f) + g2 * (8 / 45.0f);
    const Vec odd3 = g1 * (16 / 45.0f);
    u[0] = -g0;
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even2 + odd2;
    u[4] = even2 - odd2;
    u[5] = even3 + odd3;
    u[6] = even3 - odd3;
    u[7] = g2;
  }

  static __attribute__((always_inline)) void to_outputs(const Vec* m, Vec* o) {
    const Vec even = m[1] + m[2];
    const Vec odd = m[1] - m[2];
    const Vec even2 = m[3] + m[4];
    const Vec odd2 = m[3] - m[4];
    const Vec even3 = m[5] + m[6];
    const Vec odd3 = m[5] - m[6];
    o[0] = m[0] + even + even2 + even3;
    o[1] = odd + 2 * odd2 + 0.5f * odd3;
    o[2] = even + 4 * even2 + 0.25f * even3;
    o[3] = odd + 8 * odd2 + 0.125f * odd3;
    o[4] = even + 16 * even2 + 0.0625f * even3;
    o[5] = odd + 32 * odd2 + 0.03125f * odd3 + m[7];
  }
};

// What follows from a tile's size.
template <class Tile>
struct Sizes {
  static constexpr int kOut = Tile::kOut;
  static constexpr int kIn = kOut + 2;
  static constexpr int kPoints = kIn * kIn;
};

struct TileOrigin {
  int y;
  int x;
};

template <class Tile>
TileOrigin origin_of(const Tensor& out, int tile) {
  const int across = (out.width + Tile::kOut - 1) / Tile::kOut;
  return {tile / across * Tile::kOut, tile % across * Tile::kOut};
}

// Words that the inputs of a chunk take in V and U.
template <bool kFast>
int words_of(int inputs) {
  return kFast ? (inputs + 1) / 2 : inputs;
}

// One tile's inputs, all channels, into V, in chunks of `longest`.
template <class Tile, bool kFast>
void transform_input(const Tensor& in, TileOrigin at, int tiles, int tile, int longest, float* v) {
  constexpr int kOut = Sizes<Tile>::kOut;
  constexpr int kIn = Sizes<Tile>::kIn;
  constexpr int kPoints = Sizes<Tile>::kPoints;
  const bool inside = at.y + kOut <= in.height && at.x + kOut <= in.width;
  for (int c = 0; c < in.channels; c += kWidth) {
    const int chunk = c / longest;
    const int inputs = in.channels - chunk * longest < longest ? in.channels - chunk * longest : longest;
    const int left = in.channels - c;
    Vec rows[kIn][kIn];
    for (int j = 0; j < kIn; ++j) {
      Vec column[kIn];
      const float* p = in.pixel(at.y - 1, at.x - 1 + j) + c;
      if (inside && left >= kWidth) {
        for (int i = 0; i < kIn; ++i, p += in.row()) {
          column[i] = load(p);
          if (j >= 2) __builtin_prefetch(p + kOut * in.channels);
        }
      } else {
        for (int i = 0; i < kIn; ++i, p += in.row()) {
          const bool exists = at.y + i <= in.height + 1 && at.x + j <= in.width + 1;
          column[i] = exists ? load(p, left) : Vec{};
        }
      }
      Vec points[kIn];
      Tile::to_points(column, points);
      for (int i = 0; i < kIn; ++i) rows[i][j] = points[i];
    }
    const int words = words_of<kFast>(inputs);
    float* to = v + chunk * kPoints * apart(tiles, words_of<kFast>(longest)) +
                static_cast<ptrdiff_t>(tile) * words + words_of<kFast>(c - chunk * longest);
    for (int i = 0; i < kIn; ++i) {
      Vec points[kIn];
      Tile::to_points(rows[i], points);
      for (int j = 0; j < kIn; ++j, to += apart(tiles, words)) {
        if (kFast) {
          store_as_pairs(to, points[j], left);
        } else {
          store(to, points[j], left);
        }
      }
    }
  }
}

// The kernels of inputs [c0, c0 + inputs) and one block of outputs into U, a few inputs at a time: first
// their columns, then row by row, so that only a row's points are written at once. Pairs are of two inputs'
// points.
template <class Tile, bool kFast>
void transform_kernels(const float* weights, int channels, int c0, int inputs, float* u) {
  constexpr int kIn = Sizes<Tile>::kIn;
  constexpr int kGroup = 4;  // inputs
  constexpr int kVectors = 2 * kGroup;
  const ptrdiff_t tap = static_cast<ptrdiff_t>(channels) * kBlock;
  const ptrdiff_t point = apart(words_of<kFast>(inputs), kBlock);
  Vec rows[kIn][3][kVectors];
  for (int c = 0; c < inputs; c += kGroup) {
    const int vectors = 2 * (inputs - c < kGroup ? inputs - c : kGroup);
    const float* g = weights + static_cast<ptrdiff_t>(c0 + c) * kBlock;
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < vectors; ++k) {
        const float* from = g + j * tap + k * kWidth;
        Vec points[kIn];
        Tile::kernel_points(load(from), load(from + 3 * tap), load(from + 6 * tap), points);
        for (int i = 0; i < kIn; ++i) rows[i][j][k] = points[i];
      }
    }
    float* to = u + static_cast<ptrdiff_t>(words_of<kFast>(c)) * kBlock;
    for (int i = 0; i < kIn; ++i, to += kIn * point) {
      const auto points_of = [&](int k, Vec* points) {
        Tile::kernel_points(rows[i][0][k], rows[i][1][k], rows[i][2][k], points);
      };
      if constexpr (kFast) {
        for (int k = 0; k < vectors; k += 4) {
          for (int half = 0; half < 2; ++half) {
            Vec first[kIn];
            Vec second[kIn] = {};
            points_of(k + half, first);
            if (k + 2 < vectors) points_of(k + 2 + half, second);
            for (int j = 0; j < kIn; ++j)
              store_pairs(to + j * point + (k / 2 + half) * kWidth, pair(first[j], second[j]));
          }
        }
      } else {
        for (int k = 0; k < vectors; ++k) {
          Vec points[kIn];
          points_of(k, points);
          for (int j = 0; j < kIn; ++j) store(to + j * point + k * kWidth, points[j]);
        }
      }
    }
  }
}

// M[Rows tiles][block] (+)= V[Rows tiles][words] * U[words][block]. What will be needed soon is fetched on the
// way, `stride` floats a word.
template <int Rows, bool kFast>
struct Multiply {
  static void run(const float* v, const float* u, int words, float* m, bool add, const float* soon,
                  int stride) {
    Vec acc[Rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      acc[r][0] = add ? load(m + r * kBlock) : Vec{};
      acc[r][1] = add ? load(m + r * kBlock + kWidth) : Vec{};
    }
    // There is always a word: a loop that might not run at all would keep its sums in memory.
    int c = 0;
    do {
      __builtin_prefetch(soon, 0, 2);
      soon += stride;
      if constexpr (kFast) {
        const Pairs u0 = load_pairs(u);
        const Pairs u1 = load_pairs(u + kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const Pairs value = splat_pair(v + static_cast<ptrdiff_t>(r) * words + c);
          acc[r][0] = add_products(acc[r][0], value, u0);
          acc[r][1] = add_products(acc[r][1], value, u1);
        }
      } else {
        const Vec u0 = load(u);
        const Vec u1 = load(u + kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const Vec value = splat(v[static_cast<ptrdiff_t>(r) * words + c]);
          acc[r][0] += value * u0;
          acc[r][1] += value * u1;
        }
      }
      u += kBlock;
    } while (++c < words);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      store(m + r * kBlock, acc[r][0]);
      store(m + r * kBlock + kWidth, acc[r][1]);
    }
  }
};

template <int Rows>
using MultiplyExact = Multiply<Rows, false>;
template <int Rows>
using MultiplyFast = Multiply<Rows, true>;

template <bool kFast>
auto multiply_of(int rows) {
  if constexpr (kFast) {
    return tile_of<MultiplyFast>(rows);
  } else {
    return tile_of<MultiplyExact>(rows);
  }
}

// A tile's products of one block to its outputs, a whole block of a pixel at a time.
template <class Tile>
void transform_output(const Product& p, TileOrigin at, int tiles, int tile, const float* m, int block) {
  constexpr int kOut = Sizes<Tile>::kOut;
  constexpr int kIn = Sizes<Tile>::kIn;
  const int c0 = block * kBlock;
  const float* from = m + static_cast<ptrdiff_t>(tile) * kBlock;
  const ptrdiff_t point = apart(tiles, kBlock);
  Vec rows[kOut][2][kIn];
  for (int j = 0; j < kIn; ++j) {
    for (int half = 0; half < 2; ++half) {
      Vec column[kIn];
      for (int i = 0; i < kIn; ++i) column[i] = load(from + (i * kIn + j) * point + half * kWidth);
      Vec outputs[kOut];
      Tile::to_outputs(column, outputs);
      for (int i = 0; i < kOut; ++i) rows[i][half][j] = outputs[i];
    }
  }
  for (int i = 0; i < kOut && at.y + i < p.out.height; ++i) {
    Vec outputs[2][kOut];
    for (int half = 0; half < 2; ++half) Tile::to_outputs(rows[i][half], outputs[half]);
    float* out = p.out.pixel(at.y + i, at.x) + c0;
    const float* mask = p.mask ? p.mask + (out - p.out.at) : nullptr;
    for (int j = 0; j < kOut && at.x + j < p.out.width; ++j, out += p.out.channels) {
      __builtin_prefetch(out + kOut * p.out.channels, 1);
      if (mask) __builtin_prefetch(mask + (j + kOut) * p.out.channels);
      for (int half = 0; half < 2; ++half) {
        const int c = half * kWidth;
        const int left = p.out.channels - c0 - c;
        if (left <= 0) break;
        Vec value = outputs[half][j];
        if (p.bias) value += load(p.bias + c0 + c);
        if (p.accumulate) value += load(out + c, left);
        if (p.relu) value = rectified(value);
        if (mask) value = keep(load(mask + j * p.out.channels + c, left) > Vec{}, value);
        store(out + c, value, left);
      }
    }
  }
  const int count = p.out.channels - c0 < kBlock ? p.out.channels - c0 : kBlock;
  const int y1 = at.y + kOut < p.out.height ? at.y + kOut : p.out.height;
  const int x1 = at.x + kOut < p.out.width ? at.x + kOut : p.out.width;
  clear_border(p.out, at.y, y1, at.x, x1, c0, count);
}

// Words of the kernels of a chunk of inputs, all points, one block.
template <class Tile, bool kFast>
ptrdiff_t kernels_size(int inputs) {
  return Sizes<Tile>::kPoints * apart(words_of<kFast>(inputs), kBlock);
}

// Visits the chunks of `longest` inputs at most: visit(first input, inputs).
template <typename Visit>
__attribute__((always_inline)) inline void each_chunk(int channels, int longest, const Visit& visit) {
  for (int c = 0; c < channels; c += longest) visit(c, channels - c < longest ? channels - c : longest);
}

template <class Tile, bool kFast>
void transform_and_multiply(const Product& p, int tile0, int tile1, int block0, int block1, float* scratch) {
  constexpr int kPoints = Sizes<Tile>::kPoints;
  const int channels = p.in.channels;
  const int tiles = tile1 - tile0;
  const int longest = p.transformed ? kLongChunk : kChunk;
  float* m = scratch;
  float* made = m + kPoints * apart(tiles, kBlock);
  float* v = p.transformed ? made : made + kernels_size<Tile, kFast>(channels < kChunk ? channels : kChunk);
  for (int t = 0; t < tiles; ++t)
    transform_input<Tile, kFast>(p.in, origin_of<Tile>(p.out, tile0 + t), tiles, t, longest, v);

  const int runs = (tiles + kRows - 1) / kRows;
  const int narrow = tiles / runs;
  const int wider = tiles % runs;
  const auto wide_run = multiply_of<kFast>(narrow + 1);
  const auto narrow_run = multiply_of<kFast>(narrow);
  // The runs together fetch the next point's kernels.
  const int stride = (kBlock + runs - 1) / runs;
  const float* u = p.transformed;
  if (u != nullptr) u += block0 * static_cast<ptrdiff_t>(winograd_kernels_size(channels, p.tile, kFast));
  for (int block = block0; block < block1; ++block) {
    const float* weights = p.weights + static_cast<ptrdiff_t>(block) * p.taps * channels * kBlock;
    each_chunk(channels, longest, [&](int c, int inputs) __attribute__((always_inline)) {
      if (p.transformed == nullptr) {
        transform_kernels<Tile, kFast>(weights, channels, c, inputs, made);
        u = made;
      }
      const int words = words_of<kFast>(inputs);
      const float* chunk = v + c / longest * kPoints * apart(tiles, words_of<kFast>(longest));
      for (int point = 0; point < kPoints; ++point) {
        const float* rows = chunk + point * apart(tiles, words);
        float* to = m + point * apart(tiles, kBlock);
        const float* soon = u + apart(words, kBlock);
        for (int run = 0; run < runs; ++run) {
          const int count = narrow + (run < wider ? 1 : 0);
          (run < wider ? wide_run : narrow_run)(rows, u, words, to, c > 0, soon, stride);
          rows += static_cast<ptrdiff_t>(count) * words;
          to += static_cast<ptrdiff_t>(count) * kBlock;
          soon += static_cast<ptrdiff_t>(words) * stride;
        }
        u += apart(words, kBlock);
      }
    });
    for (int t = 0; t < tiles; ++t)
      transform_output<Tile>(p, origin_of<Tile>(p.out, tile0 + t), tiles, t, m, block);
  }
}

template <class Tile, bool kFast>
void keep_kernels(const float* weights, int inputs, float* to) {
  each_chunk(inputs, kLongChunk, [&](int c, int count) __attribute__((always_inline)) {
    transform_kernels<Tile, kFast>(weights, inputs, c, count, to);
    to += kernels_size<Tile, kFast>(count);
  });
}

}  // namespace

size_t winograd_scratch(int tile, int inputs, int tiles) {
  const int points = (tile + 2) * (tile + 2);
  const int chunk = inputs < kChunk ? inputs : kChunk;
  const int chunks = (inputs + kChunk - 1) / kChunk;
  return static_cast<size_t>(points *
                             (chunks * apart(tiles, chunk) + apart(chunk, kBlock) + apart(tiles, kBlock)));
}

void winograd(const Product& p, int tile0, int tile1, int block0, int block1, float* scratch) {
  const auto run = p.tile == kLargeTile ? transform_and_multiply<Six, false>
                   : p.fast             ? transform_and_multiply<Four, true>
                                        : transform_and_multiply<Four, false>;
  run(p, tile0, tile1, block0, block1, scratch);
}

void winograd_kernels(const float* weights, int inputs, int tile, bool fast, float* to) {
  const auto keep = tile == kLargeTile ? keep_kernels<Six, false>
                    : fast             ? keep_kernels<Four, true>
                                       : keep_kernels<Four, false>;
  keep(weights, inputs, to);
}

size_t winograd_kernels_size(int inputs, int tile, bool fast) {
  const int points = (tile + 2) * (tile + 2);
  size_t words = 0;
  each_chunk(inputs, kLongChunk, [&](int, int count) __attribute__((always_inline)) {
    words += static_cast<size_t>(points * apart(fast ? words_of<true>(count) : count, kBlock));
  });
  return words;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

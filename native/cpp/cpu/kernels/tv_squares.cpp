// Total variation as a sum of squares, which is added in double. Pixels with neighbours all around, nearly all, go
// the short way.
#include "simd.h"

#include "tv_squares.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

struct Weights {
  float across;
  float down;
  float diagonal;
};

struct Picture {
  const float* at;
  int width;
  int height;

  float value(int y, int x, int c) const {
    const int row = y < 0 ? 0 : y < height ? y : height - 1;
    const int column = x < 0 ? 0 : x < width ? x : width - 1;
    return at[(static_cast<ptrdiff_t>(row) * width + column) * 3 + c];
  }
};

// A pixel's places along a side that is one pixel longer at both ends: its own, and those that repeat it.
struct Places {
  int at[3] = {};
  int count = 1;

  Places(int own, int size) {
    at[0] = own;
    if (own == 0) at[count++] = -1;
    if (own == size - 1) at[count++] = size;
  }
};

struct Share {
  double loss = 0;
  float slope = 0;

  // Of the pair of a value and a neighbour; every pair is met twice.
  void add(float weight, float difference, bool counts) {
    slope += 2 * weight * difference;
    if (counts) loss += static_cast<double>(weight * difference * difference);
  }
};

Share share_at(const Picture& p, const Weights& by, bool inner, int y, int x, int c) {
  Share share;
  const float here = p.value(y, x, c);
  if (!inner || y + 1 < p.height) {
    if (x > 0) share.add(by.across, here - p.value(y, x - 1, c), false);
    if (x + 1 < p.width) share.add(by.across, here - p.value(y, x + 1, c), true);
  }
  if (!inner || x + 1 < p.width) {
    if (y > 0) share.add(by.down, here - p.value(y - 1, x, c), false);
    if (y + 1 < p.height) share.add(by.down, here - p.value(y + 1, x, c), true);
  }
  if (by.diagonal == 0) return share;
  const Places rows(y, p.height);
  const Places columns(x, p.width);
  for (int i = 0; i < rows.count; ++i) {
    for (int k = 0; k < columns.count; ++k) {
      for (int corner = 0; corner < 4; ++corner) {
        const int row = rows.at[i] + (corner < 2 ? -1 : 1);
        const int column = columns.at[k] + (corner % 2 == 0 ? -1 : 1);
        if (row < -1 || row > p.height || column < -1 || column > p.width) continue;
        share.add(by.diagonal, here - p.value(row, column, c), corner >= 2);
      }
    }
  }
  return share;
}

}  // namespace

double tv_squares(const float* picture, int width, int height, const Variation& variation, float* gradient,
                  bool accumulate, float scale, int y0, int y1) {
  const Picture p{picture, width, height};
  const Weights by{static_cast<float>(variation.across), static_cast<float>(variation.down),
                   static_cast<float>(variation.diagonal)};
  const ptrdiff_t row = static_cast<ptrdiff_t>(width) * 3;
  double total = 0;
  for (int y = y0; y < y1; ++y) {
    const float* here = picture + y * row;
    float* to = gradient + y * row;
    const auto write = [&](ptrdiff_t i, float slope) {
      to[i] = accumulate ? to[i] + scale * slope : scale * slope;
    };
    const auto slowly = [&](ptrdiff_t begin, ptrdiff_t end) {
      for (ptrdiff_t i = begin; i < end; ++i) {
        const Share share =
            share_at(p, by, variation.inner, y, static_cast<int>(i / 3), static_cast<int>(i % 3));
        total += share.loss;
        write(i, share.slope);
      }
    };
    if (y == 0 || y + 1 == height || width < 3) {
      slowly(0, row);
      continue;
    }
    slowly(0, 3);
    const float* above = here - row;
    const float* below = here + row;
    for (ptrdiff_t i = 3; i < row - 3; ++i) {
      const float v = here[i];
      const float right = v - here[i + 3];
      const float under = v - below[i];
      const float left_under = v - below[i - 3];
      const float right_under = v - below[i + 3];
      const float across = right + (v - here[i - 3]);
      const float down = under + (v - above[i]);
      const float diagonal = left_under + right_under + (v - above[i - 3]) + (v - above[i + 3]);
      total += static_cast<double>(by.across * right * right + by.down * under * under +
                                   by.diagonal * (left_under * left_under + right_under * right_under));
      write(i, 2 * (by.across * across + by.down * down + by.diagonal * diagonal));
    }
    slowly(row - 3, row);
  }
  return total;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

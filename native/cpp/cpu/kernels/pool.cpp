// 2x2 pooling, stride 2, and its gradient. A window that hangs over the edge (rounding up) counts only what
// is inside: the average is over those, the maximum and the root of the sum of squares too. The maximum's
// gradient goes to the first of equals in row order. All is multiplied by a scale.
#include "simd.h"

#include "pool.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

enum Kind { kMax, kAverage, kL2 };

// The window's pixels inside the input, in row order.
struct Window {
  int count = 0;
  ptrdiff_t at[4] = {};

  Window(const Tensor& in, int y, int x) {
    for (int dy = 0; dy < 2 && 2 * y + dy < in.height; ++dy) {
      for (int dx = 0; dx < 2 && 2 * x + dx < in.width; ++dx) {
        at[count++] = in.pixel(2 * y + dy, 2 * x + dx) - in.at;
      }
    }
  }
};

Vec root(Vec v) {
  for (int i = 0; i < kWidth; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}

template <int kKind>
Vec pooled(const Tensor& in, const Window& window, int c, int left) {
  Vec result = load(in.at + window.at[0] + c, left);
  if (kKind == kL2) result *= result;
  for (int k = 1; k < window.count; ++k) {
    const Vec value = load(in.at + window.at[k] + c, left);
    if (kKind == kMax) {
      result = value > result ? value : result;
    } else if (kKind == kL2) {
      result += value * value;
    } else {
      result += value;
    }
  }
  if (kKind == kAverage) result *= splat(1.0f / static_cast<float>(window.count));
  return kKind == kL2 ? root(result) : result;
}

void write(float* out, const float* mask, ptrdiff_t at, Vec value, bool accumulate, int left) {
  if (accumulate) value += load(out + at, left);
  if (mask) value = keep(load(mask + at, left) > Vec{}, value);
  store(out + at, value, left);
}

template <int kKind>
void forward(float scale, const Tensor& in, const Tensor& out, int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const Window window(in, y, x);
      float* to = out.pixel(y, x);
      for (int c = 0; c < in.channels; c += kWidth) {
        store(to + c, pooled<kKind>(in, window, c, in.channels - c) * splat(scale), in.channels - c);
      }
    }
  }
  clear_border(out, y0, y1);
}

template <int kKind>
void backward(float scale, const Tensor& gradient, const Tensor& in, const Tensor& out, const float* mask,
              bool accumulate, int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < gradient.width; ++x) {
      const Window window(in, y, x);
      const float* from = gradient.pixel(y, x);
      for (int c = 0; c < in.channels; c += kWidth) {
        const int left = in.channels - c;
        const Vec g = load(from + c, left) * splat(scale);
        const Vec result = pooled<kKind>(in, window, c, left);
        Mask open = Vec{} == Vec{};  // lanes whose maximum has not been met
        for (int k = 0; k < window.count; ++k) {
          const Vec value = load(in.at + window.at[k] + c, left);
          Vec share;
          if (kKind == kMax) {
            const Mask wins = open & (value == result);
            open &= ~wins;
            share = keep(wins, g);
          } else if (kKind == kAverage) {
            share = g * splat(1.0f / static_cast<float>(window.count));
          } else {
            share = keep(result > Vec{}, g * value / result);
          }
          write(out.at, mask, window.at[k] + c, share, accumulate, left);
        }
      }
    }
  }
  // What no window covers (rounding down): the last column and the last row of an odd size.
  const bool last = y1 == gradient.height;
  for (int y = 2 * y0; y < (last ? in.height : 2 * y1); ++y) {
    const int covered = y < 2 * gradient.height ? 2 * gradient.width : 0;
    for (int x = covered; x < in.width; ++x) {
      const ptrdiff_t at = in.pixel(y, x) - in.at;
      for (int c = 0; c < in.channels; c += kWidth)
        write(out.at, mask, at + c, Vec{}, accumulate, in.channels - c);
    }
  }
  clear_border(out, 2 * y0, last || 2 * y1 > in.height ? in.height : 2 * y1);
}

}  // namespace

void pool(int kind, float scale, const Tensor& in, const Tensor& out, int y0, int y1) {
  (kind == kMax       ? forward<kMax>
   : kind == kAverage ? forward<kAverage>
                      : forward<kL2>)(scale, in, out, y0, y1);
}

void pool_back(int kind, float scale, const Tensor& gradient, const Tensor& in, const Tensor& out,
               const float* mask, bool accumulate, int y0, int y1) {
  (kind == kMax       ? backward<kMax>
   : kind == kAverage ? backward<kAverage>
                      : backward<kL2>)(scale, gradient, in, out, mask, accumulate, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// The scalar losses with their gradients: content, style (as a difference of matrices) and total variation.
// Squares and magnitudes are summed in double.
#include "table.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

float sign(float x) {
  return static_cast<float>((x > 0) - (x < 0));
}

}  // namespace

double content(const Tensor& in, const float* target, const Tensor& out, const float* mask, bool accumulate,
               float scale, int y0, int y1) {
  const int n = in.width * in.channels;
  DoubleVec sums{};
  for (int y = y0; y < y1; ++y) {
    const ptrdiff_t at = in.pixel(y, 0) - in.at;
    for (int i = 0; i < n; i += kWidth) {
      const int left = n - i;
      const Vec d = load(in.at + at + i, left) - load(target + at + i, left);
      const DoubleVec wide = widen(d);
      sums += wide * wide;
      Vec value = d * splat(scale);
      if (accumulate) value += load(out.at + at + i, left);
      if (mask) value = keep(load(mask + at + i, left) > Vec{}, value);
      store(out.at + at + i, value, left);
    }
  }
  clear_border(out, y0, y1);
  return sum(sums);
}

double difference(const float* a, const float* b, float* out, float scale, size_t n) {
  DoubleVec sums{};
  for (size_t i = 0; i < n; i += kWidth) {
    const int left = n - i < static_cast<size_t>(kWidth) ? static_cast<int>(n - i) : kWidth;
    const Vec d = load(a + i, left) - load(b + i, left);
    const DoubleVec wide = widen(d);
    sums += wide * wide;
    store(out + i, d * splat(scale), left);
  }
  return sum(sums);
}

double tv(const float* picture, int width, int height, float* gradient, float weight, int y0, int y1) {
  const ptrdiff_t row = static_cast<ptrdiff_t>(width) * 3;
  double total = 0;
  for (int y = y0; y < y1; ++y) {
    const float* here = picture + y * row;
    for (ptrdiff_t i = 0; i < row; ++i) {
      float slope = 0;
      if (i >= 3) slope += sign(here[i] - here[i - 3]);
      if (y > 0) slope += sign(here[i] - here[i - row]);
      if (i + 3 < row) {
        const float d = here[i + 3] - here[i];
        total += __builtin_fabsf(d);
        slope -= sign(d);
      }
      if (y + 1 < height) {
        const float d = here[i + row] - here[i];
        total += __builtin_fabsf(d);
        slope -= sign(d);
      }
      gradient[y * row + i] = weight * slope;
    }
  }
  return total;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

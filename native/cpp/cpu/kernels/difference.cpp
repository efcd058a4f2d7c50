// How far something is from its target, and in which direction. Squares are summed in double.
#include "simd.h"

#include "difference.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

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

double tensor_difference(const Tensor& in, const float* target, const Tensor& out, const float* mask,
                         bool accumulate, float scale, int y0, int y1) {
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

}  // namespace scumble::cpu::SCUMBLE_ISA

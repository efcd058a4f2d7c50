// A gradient's L1 norm, in double, and the gradient scaled.
#include "simd.h"

#include "normalize.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

double magnitudes(const Tensor& in, int y0, int y1) {
  const int n = in.width * in.channels;
  double total = 0;
  for (int y = y0; y < y1; ++y) {
    const float* from = in.pixel(y, 0);
    for (int i = 0; i < n; ++i) total += static_cast<double>(__builtin_fabsf(from[i]));
  }
  return total;
}

void scaled(const Tensor& in, float factor, const Tensor& out, const float* mask, bool accumulate, int y0,
            int y1) {
  const int n = in.width * in.channels;
  for (int y = y0; y < y1; ++y) {
    const ptrdiff_t at = in.pixel(y, 0) - in.at;
    for (int i = 0; i < n; i += kWidth) {
      const int left = n - i;
      Vec value = load(in.at + at + i, left) * splat(factor);
      if (accumulate) value += load(out.at + at + i, left);
      if (mask) value = keep(load(mask + at + i, left) > Vec{}, value);
      store(out.at + at + i, value, left);
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

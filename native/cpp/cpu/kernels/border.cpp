#include "simd.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void clear_border(const Tensor& t, int y0, int y1, int x0, int x1, int c0, int count) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const bool left = x0 == 0;
  const bool right = x1 == t.width;
  for (int y = y0; y < y1; ++y) {
    if (left) __builtin_memset(t.pixel(y, -1) + c0, 0, bytes);
    if (right) __builtin_memset(t.pixel(y, t.width) + c0, 0, bytes);
  }
  for (int x = left ? -1 : x0; x < (right ? x1 + 1 : x1); ++x) {
    if (y0 == 0) __builtin_memset(t.pixel(-1, x) + c0, 0, bytes);
    if (y1 == t.height) __builtin_memset(t.pixel(y1, x) + c0, 0, bytes);
  }
}

void clear_border(const Tensor& t, int y0, int y1) {
  clear_border(t, y0, y1, 0, t.width, 0, t.channels);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

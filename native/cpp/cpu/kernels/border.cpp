#include "table.h"

namespace scumble::cpu::SCUMBLE_ISA {

void clear_border(const Tensor& t, int y0, int y1) {
  const size_t pixel = static_cast<size_t>(t.channels) * sizeof(float);
  for (int y = y0; y < y1; ++y) {
    __builtin_memset(t.pixel(y, -1), 0, pixel);
    __builtin_memset(t.pixel(y, t.width), 0, pixel);
  }
  const size_t row = static_cast<size_t>(t.row()) * sizeof(float);
  if (y0 == 0) __builtin_memset(t.pixel(-1, -1), 0, row);
  if (y1 == t.height) __builtin_memset(t.pixel(y1, -1), 0, row);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

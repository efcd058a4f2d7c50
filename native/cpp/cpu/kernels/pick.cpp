// What is said of a few positions, as a gradient of all.
#include "simd.h"

#include "pick.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void pick_back(const float* rows, const int* positions, int count, const Tensor& out, const float* mask,
               bool accumulate, int y0, int y1) {
  const int n = out.width * out.channels;
  if (!accumulate) {
    for (int y = y0; y < y1; ++y) __builtin_memset(out.pixel(y, 0), 0, static_cast<size_t>(n) * sizeof(float));
  }
  for (int i = 0; i < count; ++i, rows += out.channels) {
    float* const to = out.pixel(positions[i] / out.width, positions[i] % out.width);
    for (int c = 0; c < out.channels; c += kWidth) {
      const int left = out.channels - c;
      store(to + c, load(to + c, left) + load(rows + c, left), left);
    }
  }
  for (int y = y0; mask && y < y1; ++y) {
    const ptrdiff_t at = out.pixel(y, 0) - out.at;
    for (int i = 0; i < n; i += kWidth) {
      const int left = n - i;
      store(out.at + at + i, keep(load(mask + at + i, left) > Vec{}, load(out.at + at + i, left)), left);
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

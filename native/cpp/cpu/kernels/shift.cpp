// What a mean adds to the gradient of features: the same everywhere, but for a mask.
#include "simd.h"

#include "shift.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void shift(const Tensor& in, const float* by, const float* guide, const Tensor& out, const float* mask,
           bool accumulate, int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < in.width; ++x) {
      const float* from = in.pixel(y, x);
      float* to = out.pixel(y, x);
      const float* open = mask ? mask + (to - out.at) : nullptr;
      const float g = guide ? guide[static_cast<ptrdiff_t>(y) * in.width + x] : 1;
      const Vec weight = splat(g * g);
      for (int c = 0; c < in.channels; c += kWidth) {
        const int left = in.channels - c;
        Vec value = load(from + c, left) + load(by + c, left) * weight;
        if (accumulate) value += load(to + c, left);
        if (open) value = keep(load(open + c, left) > Vec{}, value);
        store(to + c, value, left);
      }
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// Features times a guide: what a mask makes of them on the way to a sum of products.
#include "simd.h"

#include "weigh.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void weigh(const Tensor& in, const float* guide, const Tensor& out, int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < in.width; ++x) {
      const float* from = in.pixel(y, x);
      float* to = out.pixel(y, x);
      const Vec weight = splat(guide[static_cast<ptrdiff_t>(y) * in.width + x]);
      for (int c = 0; c < in.channels; c += kWidth) {
        const int left = in.channels - c;
        store(to + c, load(from + c, left) * weight, left);
      }
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

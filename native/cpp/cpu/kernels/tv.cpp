// Total variation. Magnitudes are summed in double.
#include "simd.h"

#include "tv.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

float sign(float x) {
  return static_cast<float>((x > 0) - (x < 0));
}

}  // namespace

double tv(const float* picture, int width, int height, float* gradient, bool accumulate, float scale, int y0,
          int y1) {
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
      float* to = gradient + y * row + i;
      *to = accumulate ? *to + scale * slope : scale * slope;
    }
  }
  return total;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

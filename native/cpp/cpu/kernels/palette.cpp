// Costs between colours. The compiler makes vectors of the inner loop by itself.
#include "simd.h"

#include "palette.h"

namespace scumble::cpu::SCUMBLE_ISA {

void colour_costs(const float* colours, int begin, int end, const float* others, const float* lengths,
                  int count, float* costs) {
  const float* __restrict red = others;
  const float* __restrict green = others + count;
  const float* __restrict blue = others + 2 * static_cast<ptrdiff_t>(count);
  for (int i = begin; i < end; ++i) {
    const float r = colours[3 * i];
    const float g = colours[3 * i + 1];
    const float b = colours[3 * i + 2];
    const float length = __builtin_sqrtf(r * r + g * g + b * b);
    float* __restrict to = costs + static_cast<ptrdiff_t>(i) * count;
    for (int j = 0; j < count; ++j) {
      const float both = length * lengths[j];
      const float dot = r * red[j] + g * green[j] + b * blue[j];
      const float dr = r - red[j];
      const float dg = g - green[j];
      const float db = b - blue[j];
      const float square = dr * dr + dg * dg + db * db;
      const float held = square > 1e-5f ? square : 1e-5f;
      to[j] = 1 - (both > 0 ? dot / both : 0) + __builtin_sqrtf(held * (1.0f / 3));
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

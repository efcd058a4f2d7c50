// How near a row is to another, summed in double.
#include "simd.h"

#include "matched.h"

namespace scumble::cpu::SCUMBLE_ISA {

double matched_row(const float* row, const float* other, int channels, float scale, float* out) {
  const Vec by = splat(scale);
  DoubleVec total{};
  for (int c = 0; c < channels; c += kWidth) {
    const int left = channels - c;
    const Vec values = load(other + c, left);
    total += widen(load(row + c, left)) * widen(values);
    store(out + c, by * values, left);
  }
  return sum(total);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

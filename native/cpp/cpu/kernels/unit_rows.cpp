// Rows of length 1 and their gradient. Lengths and products are summed in double: what they are taken from is
// then nearly orthogonal.
#include "simd.h"

#include "unit_rows.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

double dot(const float* a, const float* b, int n) {
  DoubleVec total{};
  for (int k = 0; k < n; k += kWidth) total += widen(load(a + k, n - k)) * widen(load(b + k, n - k));
  return sum(total);
}

}  // namespace

void unit_rows(const float* in, int columns, int begin, int end, float* out) {
  for (int i = begin; i < end; ++i) {
    const float* from = in + static_cast<ptrdiff_t>(i) * columns;
    float* to = out + static_cast<ptrdiff_t>(i) * columns;
    const double square = dot(from, from, columns);
    const Vec by = splat(square > 0 ? static_cast<float>(1 / __builtin_sqrt(square)) : 0);
    for (int k = 0; k < columns; k += kWidth) store(to + k, by * load(from + k, columns - k), columns - k);
  }
}

void unit_rows_back(const float* g, const float* in, int columns, int begin, int end, float scale,
                    float* out) {
  for (int i = begin; i < end; ++i) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(i) * columns;
    const double square = dot(in + row, in + row, columns);
    const double along = square > 0 ? dot(in + row, g + row, columns) / square : 0;
    const Vec by =
        splat(square > 0 ? static_cast<float>(static_cast<double>(scale) / __builtin_sqrt(square)) : 0);
    const Vec less = splat(static_cast<float>(along));
    for (int k = 0; k < columns; k += kWidth) {
      const int left = columns - k;
      store(out + row + k, by * (load(g + row + k, left) - less * load(in + row + k, left)), left);
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

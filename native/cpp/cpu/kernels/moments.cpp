// Means of samples, what they are without them, and absolute differences.
#include "simd.h"

#include "moments.h"

namespace scumble::cpu::SCUMBLE_ISA {

void column_means(const float* in, int rows, int columns, int begin, int end, float* means) {
  for (int k = begin; k < end; k += kWidth) {
    const int left = end - k;
    DoubleVec total{};
    for (int i = 0; i < rows; ++i) total += widen(load(in + static_cast<ptrdiff_t>(i) * columns + k, left));
    store(means + k, __builtin_convertvector(total / static_cast<double>(rows), Vec), left);
  }
}

void add_row(const float* in, const float* row, int columns, int begin, int end, float by, float* out) {
  const Vec factor = splat(by);
  for (int i = begin; i < end; ++i) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(i) * columns;
    for (int k = 0; k < columns; k += kWidth) {
      const int left = columns - k;
      store(out + at + k, load(in + at + k, left) + factor * load(row + k, left), left);
    }
  }
}

double sign_difference(const float* a, const float* b, size_t n, float scale, float* out) {
  const Vec up = splat(scale);
  DoubleVec total{};
  for (size_t i = 0; i < n; i += kWidth) {
    const int left = n - i < static_cast<size_t>(kWidth) ? static_cast<int>(n - i) : kWidth;
    const Vec d = load(a + i, left) - load(b + i, left);
    const Vec size = d < Vec{} ? -d : d;  // what is not a number stays so
    total += widen(size);
    store(out + i, keep(d > Vec{}, up) - keep(d < Vec{}, up), left);
  }
  return sum(total);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

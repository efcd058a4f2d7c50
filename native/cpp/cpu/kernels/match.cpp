// What is nearest. What is not a number is never less than anything: a cost stays infinite then, and so does the
// loss. Indices are kept as floats, which are exact to 2^24.
#include "simd.h"

#include "match.h"

namespace scumble::cpu::SCUMBLE_ISA {

void least_of_rows(const float* costs, int columns, int begin, int end, float* least, float* column) {
  for (int i = begin; i < end; ++i) {
    const float* from = costs + static_cast<ptrdiff_t>(i) * columns;
    Vec best = splat(__builtin_inff());
    Vec at{};  // of the vector that a lane's best was in
    int j = 0;
    for (; j + kWidth <= columns; j += kWidth) {
      const Vec value = load(from + j);
      const Mask less = value < best;
      best = less ? value : best;
      at = less ? splat(static_cast<float>(j)) : at;
    }
    float lowest = __builtin_inff();
    float where = 0;
    for (int k = 0; k < kWidth; ++k) {
      const float index = at[k] + static_cast<float>(k);
      if (best[k] < lowest || (best[k] == lowest && index < where)) {
        lowest = best[k];
        where = index;
      }
    }
    for (; j < columns; ++j) {
      if (from[j] < lowest) {
        lowest = from[j];
        where = static_cast<float>(j);
      }
    }
    least[i] = lowest;
    column[i] = where;
  }
}

void least_of_columns(const float* costs, int rows, int columns, int begin, int end, float* least,
                      float* row) {
  for (int j = begin; j < end; ++j) {
    least[j] = __builtin_inff();
    row[j] = 0;
  }
  for (int i = 0; i < rows; ++i) {
    const float* from = costs + static_cast<ptrdiff_t>(i) * columns;
    const Vec here = splat(static_cast<float>(i));
    for (int j = begin; j < end; j += kWidth) {
      const int left = end - j;
      const Vec value = load(from + j, left);
      const Vec best = load(least + j, left);
      const Mask less = value < best;
      store(least + j, less ? value : best, left);
      store(row + j, less ? here : load(row + j, left), left);
    }
  }
}

void add_scaled(float by, const float* from, int n, float* to) {
  const Vec factor = splat(by);
  for (int k = 0; k < n; k += kWidth)
    store(to + k, load(to + k, n - k) + factor * load(from + k, n - k), n - k);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// The nearest of many rows: products with a block of them at a time, by the same register tiles as convolutions,
// of which only the best so far in each lane is kept.
#include "simd.h"

#include "nearest.h"

#include "product_rows.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

constexpr int kBlock = 2 * kWidth;

}  // namespace

size_t nearest_scratch(int count) {
  return static_cast<size_t>(count) * 3 * kBlock;
}

void nearest(const float* rows, int count, int channels, const float* panels, const float* penalty,
             int columns, int column0, int column1, float* index, float* value, float* scratch) {
  const ptrdiff_t size = static_cast<ptrdiff_t>(count) * kBlock;
  float* const found = scratch;
  float* const best = scratch + size;
  float* const where = scratch + 2 * size;  // the first column of the best one's block
  const Vec lowest = Vec{} - __builtin_inff();
  for (ptrdiff_t i = 0; i < size; i += kWidth) {
    store(best + i, lowest);
    store(where + i, splat(static_cast<float>(column0)));
  }
  Product p;
  // It only reads what it is given as its input.
  p.in = {const_cast<float*>(rows), channels, 1, count};
  p.out = {found, kBlock, 1, count};
  p.taps = 1;
  for (int column = column0; column < column1; column += kBlock) {
    product_rows(p, panels + static_cast<ptrdiff_t>(column) * channels, 0, 0, 1);
    Vec less[2] = {};
    Mask real[2] = {};
    for (int v = 0; v < 2; ++v) {
      const int left = columns - column - v * kWidth;
      for (int k = 0; k < kWidth; ++k) real[v][k] = k < left ? -1 : 0;
      if (penalty != nullptr && left > 0) less[v] = load(penalty + column + v * kWidth, left);
    }
    const Vec here = splat(static_cast<float>(column));
    for (ptrdiff_t i = 0; i < size; i += kBlock) {
      for (int v = 0; v < 2; ++v) {
        const ptrdiff_t at = i + v * kWidth;
        const Vec candidate = load(found + at) - less[v];
        const Vec before = load(best + at);
        const Mask better = (candidate > before) & real[v];
        store(best + at, better ? candidate : before);
        store(where + at, better ? here : load(where + at));
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    const float* const values = best + static_cast<ptrdiff_t>(i) * kBlock;
    const float* const blocks = where + static_cast<ptrdiff_t>(i) * kBlock;
    index[i] = blocks[0];
    value[i] = values[0];
    for (int k = 1; k < kBlock; ++k) {
      const float at = blocks[k] + static_cast<float>(k);
      if (values[k] > value[i] || (values[k] == value[i] && at < index[i])) {
        value[i] = values[k];
        index[i] = at;
      }
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

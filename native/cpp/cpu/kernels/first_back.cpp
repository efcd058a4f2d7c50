// The gradient of the network's input: a product with so few outputs (three) that vectors over output
// channels would stay empty. So every pixel of the incoming gradient is multiplied by all 27 kernel values at
// once, one output per tap and channel, and the taps are then gathered from the nine neighbours. Rows of
// products are kept in a ring of three.
#include "simd.h"

#include "border.h"
#include "product_rows.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

// Nine taps, three channels, and zeros up to whole blocks of every instruction set.
constexpr int kOutputs = 32;
typedef float Four __attribute__((vector_size(16)));

}  // namespace

size_t first_back_scratch(int width) {
  return size_t{3} * kOutputs * (static_cast<size_t>(width) + 2);
}

void first_back(const Product& p, int y0, int y1, float* scratch) {
  const int width = p.out.width;
  const int height = p.out.height;
  Product row = p;
  row.taps = 1;
  row.out = {nullptr, kOutputs, height, width};
  const ptrdiff_t pitch = row.out.row();
  const auto ring = [&](int y) { return scratch + (y + 3) % 3 * pitch; };
  const auto fill = [&](int y) {
    float* to = ring(y);
    if (y < 0 || y >= height) {
      __builtin_memset(to, 0, static_cast<size_t>(pitch) * sizeof(float));
      return;
    }
    __builtin_memset(to, 0, kOutputs * sizeof(float));
    __builtin_memset(to + pitch - kOutputs, 0, kOutputs * sizeof(float));
    row.out.at = to + kOutputs - y * pitch;  // so that pixel (y, 0) is the ring's
    for (int block = 0; block * 2 * kWidth < kOutputs; ++block) {
      product_rows(row, row.weights + static_cast<ptrdiff_t>(block) * row.in.channels * 2 * kWidth, block, y,
                   y + 1);
    }
  };
  fill(y0 - 1);
  fill(y0);
  for (int y = y0; y < y1; ++y) {
    fill(y + 1);
    const float* rows[3] = {ring(y - 1), ring(y), ring(y + 1)};
    for (int x = 0; x < width; ++x) {
      // Three channels and what lies behind them.
      Four sums[3] = {};
      for (int dy = 0; dy < 3; ++dy) {
        for (int dx = 0; dx < 3; ++dx) {
          const float* products = rows[dy] + static_cast<ptrdiff_t>(x + dx) * kOutputs + (dy * 3 + dx) * 3;
          Four products4;
          __builtin_memcpy(&products4, products, sizeof products4);
          sums[dy] += products4;
        }
      }
      const Four total = sums[0] + sums[1] + sums[2];
      float* to = p.out.pixel(y, x);
      for (int c = 0; c < 3; ++c) to[c] = total[c];
    }
  }
  clear_border(p.out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

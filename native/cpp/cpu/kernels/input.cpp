// Between the picture (RGB, 0..255) and the network's input (its channel order, range, mean and std).
#include "simd.h"

#include "input.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

}  // namespace

void input(const float* picture, const Tensor& out, const int* order, const float* scale, const float* shift,
           bool replicate, int y0, int y1) {
  const int first = y0 == 0 ? -1 : y0;
  const int end = y1 == out.height ? y1 + 1 : y1;
  for (int y = first; y < end; ++y) {
    const float* row = picture + static_cast<ptrdiff_t>(clamp(y, 0, out.height - 1)) * out.width * 3;
    for (int x = -1; x <= out.width; ++x) {
      const bool inside = y >= 0 && y < out.height && x >= 0 && x < out.width;
      const float* from = row + static_cast<ptrdiff_t>(clamp(x, 0, out.width - 1)) * 3;
      float* to = out.pixel(y, x);
      for (int c = 0; c < 3; ++c) to[c] = inside || replicate ? from[order[c]] * scale[c] + shift[c] : 0;
    }
  }
}

void input_back(const Tensor& gradient, float* picture, const int* order, const float* scale, bool accumulate,
                int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < gradient.width; ++x) {
      const float* from = gradient.pixel(y, x);
      float* to = picture + (static_cast<ptrdiff_t>(y) * gradient.width + x) * 3;
      for (int c = 0; c < 3; ++c) {
        const float value = from[c] * scale[c];
        to[order[c]] = accumulate ? to[order[c]] + value : value;
      }
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

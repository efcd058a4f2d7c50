// ReLU on its own, for a convolution whose output a loss looks at; all others fuse it.
#include "simd.h"

#include "relu.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void relu(const Tensor& in, const Tensor& out, int y0, int y1) {
  const int n = in.width * in.channels;
  for (int y = y0; y < y1; ++y) {
    const float* from = in.pixel(y, 0);
    float* to = out.pixel(y, 0);
    for (int i = 0; i < n; i += kWidth) {
      store(to + i, rectified(load(from + i, n - i)), n - i);
    }
  }
  clear_border(out, y0, y1);
}

void relu_back(const Tensor& in, const float* positive, const Tensor& out, const float* mask, bool accumulate,
               int y0, int y1) {
  const int n = in.width * in.channels;
  for (int y = y0; y < y1; ++y) {
    const ptrdiff_t at = in.pixel(y, 0) - in.at;
    for (int i = 0; i < n; i += kWidth) {
      const int left = n - i;
      Vec value = keep(load(positive + at + i, left) > Vec{}, load(in.at + at + i, left));
      if (accumulate) value += load(out.at + at + i, left);
      if (mask) value = keep(load(mask + at + i, left) > Vec{}, value);
      store(out.at + at + i, value, left);
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

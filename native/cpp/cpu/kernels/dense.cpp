// Passes over memory around the product of a dense layer, which is kernels/multiply.cpp's.
#include "simd.h"

#include "dense.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void dense_finish(const float* product, const float* bias, bool relu, const Tensor& out, int y0, int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const float* from = product + (static_cast<ptrdiff_t>(y) * out.width + x) * out.channels;
      float* to = out.pixel(y, x);
      for (int c = 0; c < out.channels; c += kWidth) {
        const int left = out.channels - c;
        const Vec value = load(from + c, left) + load(bias + c, left);
        store(to + c, relu ? rectified(value) : value, left);
      }
    }
  }
  clear_border(out, y0, y1);
}

void dense_gather(const float* seen, int window, int height, int width, const Tensor& out, const float* mask,
                  bool accumulate, int y0, int y1) {
  const int channels = out.channels;
  const ptrdiff_t row = static_cast<ptrdiff_t>(window) * window * channels;
  for (int y = y0; y < y1; ++y) {
    // Windows that begin at rows [v0, v1) and columns [u0, u1) see this position.
    const int v0 = y - window + 1 > 0 ? y - window + 1 : 0;
    const int v1 = y + 1 < height ? y + 1 : height;
    for (int x = 0; x < out.width; ++x) {
      const int u0 = x - window + 1 > 0 ? x - window + 1 : 0;
      const int u1 = x + 1 < width ? x + 1 : width;
      const ptrdiff_t at = out.pixel(y, x) - out.at;
      for (int c = 0; c < channels; c += kWidth) {
        const int left = channels - c;
        Vec sum = accumulate ? load(out.at + at + c, left) : Vec{};
        for (int v = v0; v < v1; ++v) {
          for (int u = u0; u < u1; ++u) {
            const float* from = seen + (static_cast<ptrdiff_t>(v) * width + u) * row +
                                (static_cast<ptrdiff_t>(y - v) * window + (x - u)) * channels;
            sum += load(from + c, left);
          }
        }
        if (mask) sum = keep(load(mask + at + c, left) > Vec{}, sum);
        store(out.at + at + c, sum, left);
      }
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

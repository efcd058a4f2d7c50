// Tensors as kernels see them: channels last, with a border of one pixel all around, which every writer
// fills. Zeros are then the padding of a 3x3 convolution, and its inner loop needs no bounds.
#pragma once

#include <cstddef>

namespace scumble::cpu {

// A view. `at` points to pixel (0, 0); pixel (-1, -1) is the border's corner. Its functions must be part of
// whoever calls them: a copy of their own, compiled for one instruction set, could be linked for another.
struct Tensor {
  float* at = nullptr;
  int channels = 0;
  int height = 0;
  int width = 0;
  __attribute__((always_inline)) ptrdiff_t row() const {
    return static_cast<ptrdiff_t>(width + 2) * channels;
  }
  __attribute__((always_inline)) float* pixel(int y, int x) const {
    return at + y * row() + static_cast<ptrdiff_t>(x) * channels;
  }
};

}  // namespace scumble::cpu

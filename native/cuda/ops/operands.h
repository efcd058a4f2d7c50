// The operands of a product (see product.h), for host code too.
#pragma once

#include "kernels.h"

namespace scumble::cuda {

struct Product {
  const void* in;
  const void* weights;
  void* out;
  const float* bias;  // or null
  const void* mask;   // or null
  int channels;       // padded
  int outputs;        // padded
  int height;
  int width;
  bool relu;
  bool accumulate;
  // Where pool() of the result goes, too, or null; for the kernels that can (sm90.h).
  void* pooled = nullptr;
  int pooled_height = 0;
  int pooled_width = 0;
  Pool kind = Pool::max;
  // Of one tap in float32: after so many rows of pixels, a multiple of 8, come other weights, which lie
  // behind these; 0: all have the same.
  int rows_of_weights = 0;
};

inline Product product_of(const Convolution& c) {
  return {
      c.in.at,      c.weights,   c.out.at, c.bias,      c.mask, padded(c.in.channels), padded(c.out.channels),
      c.out.height, c.out.width, c.relu,   c.accumulate};
}

}  // namespace scumble::cuda

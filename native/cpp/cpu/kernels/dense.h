// What a dense layer does beside its product: between tensors and the matrix of what its window sees.
#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Rows [y0, y1) of a dense layer's output: what the product made, + bias, ReLU if `relu`. `product` has a row for each
// position.
SCUMBLE_KERNEL(void, dense_finish,
               (const float* product, const float* bias, bool relu, const Tensor& out, int y0, int y1));
// Rows [y0, y1) of the gradient of its input: each position gathers what all windows that see it say, in their order.
// `seen` has a row for each of height x width windows: the gradient of what it sees, [window][window][channels].
SCUMBLE_KERNEL(void, dense_gather,
               (const float* seen, int window, int height, int width, const Tensor& out, const float* mask,
                bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

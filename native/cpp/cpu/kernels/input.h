#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// The network's input from rows [y0, y1) of a picture: out[c] = picture[order[c]] * scale[c] + shift[c]; the
// border is zero or the nearest pixel.
SCUMBLE_KERNEL(void, input,
               (const float* picture, const Tensor& out, const int* order, const float* scale,
                const float* shift, bool replicate, int y0, int y1));
// The picture's gradient from the input's, added to what is there if `accumulate`; undoes input().
SCUMBLE_KERNEL(void, input_back,
               (const Tensor& gradient, float* picture, const int* order, const float* scale, bool accumulate,
                int y0, int y1));

}  // namespace scumble::cpu

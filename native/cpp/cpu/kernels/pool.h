#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// kind: 0 max, 1 average, 2 l2; what it makes is multiplied by `scale`. Rows of the pooled tensor.
SCUMBLE_KERNEL(void, pool, (int kind, float scale, const Tensor& in, const Tensor& out, int y0, int y1));
// gradient: of the pooled tensor; in, out: as the pool's input. Rows [y0, y1) of the windows; the last window
// row also clears what no window covers.
SCUMBLE_KERNEL(void, pool_back,
               (int kind, float scale, const Tensor& gradient, const Tensor& in, const Tensor& out,
                const float* mask, bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

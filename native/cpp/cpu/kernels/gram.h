#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Adds F^T F over rows [y0, y1) of the features to sums (channels x channels): its rows [i0, i1), columns of
// column block `block_index` (of Isa::block channels).
SCUMBLE_KERNEL(void, gram_sums,
               (const Tensor& features, int block_index, int i0, int i1, int y0, int y1, double* sums));

}  // namespace scumble::cpu

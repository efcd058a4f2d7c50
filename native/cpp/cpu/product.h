// A direct product over taps, cut into tasks: what convolutions without Winograd and gradients of Gram
// matrices share.
#pragma once

#include "kernels/product.h"
#include "workspace.h"

namespace scumble::cpu {

// Input rows that a product's task works on should stay in the second-level cache, as should a block of
// weights.
constexpr size_t kTaskBytes = size_t{256} << 10;

void product(const Workspace& w, const Product& p);

}  // namespace scumble::cpu

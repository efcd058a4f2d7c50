#pragma once

#include "simd.h"

#include "product.h"

namespace scumble::cpu::SCUMBLE_ISA {

// product() without the border, with the weights of that block.
void product_rows(const Product& p, const float* weights, int block_index, int y0, int y1);

}  // namespace scumble::cpu::SCUMBLE_ISA

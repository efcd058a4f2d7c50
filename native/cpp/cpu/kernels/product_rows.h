#pragma once

#include "simd.h"

#include "product.h"

namespace scumble::cpu::SCUMBLE_ISA {

// product() without the border.
void product_rows(const Product& p, int block_index, int y0, int y1);

}  // namespace scumble::cpu::SCUMBLE_ISA

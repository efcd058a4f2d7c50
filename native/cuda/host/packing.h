// Tensors as the device keeps them (ops/kernels.h says how), packed and unpacked on the host: only targets go
// this way, once each.
#pragma once

#include <cstddef>
#include <vector>

#include "../../cpp/core/shape.h"
#include "../ops/arithmetic.h"

namespace scumble::cuda {

size_t tensor_bytes(const Shape& shape, Arithmetic precision);
// `dense`: height * width * channels floats.
std::vector<char> pack_tensor(const float* dense, const Shape& shape, Arithmetic precision);
void unpack_tensor(const char* packed, const Shape& shape, Arithmetic precision, float* dense);

}  // namespace scumble::cuda

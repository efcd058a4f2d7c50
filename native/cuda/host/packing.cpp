#include "packing.h"

#include <cstdint>
#include <cstring>

#include "../../cpp/core/half.h"
#include "../ops/kernels.h"

namespace scumble::cuda {
namespace {

// Calls visit(packed index, dense index) for every element that is not padding.
template <typename Visit>
void each_element(const Shape& shape, const Visit& visit) {
  const size_t channels = static_cast<size_t>(shape.channels);
  const size_t pixel = static_cast<size_t>(padded(shape.channels));
  for (size_t p = 0; p < shape.positions(); ++p) {
    for (size_t k = 0; k < channels; ++k) visit(p * pixel + k, p * channels + k);
  }
}

}  // namespace

size_t tensor_bytes(const Shape& shape, Arithmetic precision) {
  return shape.positions() * static_cast<size_t>(padded(shape.channels)) * element_bytes(precision);
}

std::vector<char> pack_tensor(const float* dense, const Shape& shape, Arithmetic precision) {
  std::vector<char> packed(tensor_bytes(shape, precision));
  each_element(shape, [&](size_t to, size_t from) {
    if (precision == Arithmetic::bf16) {
      const uint16_t half = float_to_bfloat16(dense[from]);
      std::memcpy(packed.data() + to * sizeof half, &half, sizeof half);
    } else {
      std::memcpy(packed.data() + to * sizeof(float), dense + from, sizeof(float));
    }
  });
  return packed;
}

void unpack_tensor(const char* packed, const Shape& shape, Arithmetic precision, float* dense) {
  each_element(shape, [&](size_t from, size_t to) {
    if (precision == Arithmetic::bf16) {
      uint16_t half = 0;
      std::memcpy(&half, packed + from * sizeof half, sizeof half);
      dense[to] = bfloat16_to_float(half);
    } else {
      std::memcpy(dense + to, packed + from * sizeof(float), sizeof(float));
    }
  });
}

}  // namespace scumble::cuda

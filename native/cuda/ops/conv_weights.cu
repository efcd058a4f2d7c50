// Weights as the kernels read them, packed on the host once per network: products as product.h says, or
// transformed as winograd.cu does; the first convolution and its gradient, whose three channels have kernels
// of their own, as conv_first.h says.
#include <cstring>
#include <vector>

#include "conv_first.h"
#include "product.h"
#include "winograd.h"

namespace scumble::cuda {
namespace {

// To nearest, ties to even, as the kernels round.
uint16_t bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

// To nearest with 10 bits of mantissa, ties away from zero: what cvt.rna.tf32 does.
float tf32(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (value - value != 0) return value;
  bits = (bits + 0x1000u) & 0xffffe000u;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

// Calls put(from channel, tap, to channel, weight) for every weight.
template <typename Put>
void each_weight(const float* weight, const WeightsOf& of, const Put& put) {
  for (int o = 0; o < of.outputs; ++o) {
    for (int i = 0; i < of.inputs; ++i) {
      for (int tap = 0; tap < 9; ++tap) {
        const float value = *weight++;
        if (of.backward) {
          put(o, 8 - tap, i, value);
        } else {
          put(i, tap, o, value);
        }
      }
    }
  }
}

int from_channels(const WeightsOf& of) {
  return of.backward ? of.outputs : of.inputs;
}
int to_channels(const WeightsOf& of) {
  return of.backward ? of.inputs : of.outputs;
}

void pack_first(const float* weight, const WeightsOf& of, float* packed) {
  each_weight(weight, of, [&](int from, int tap, int to, float value) {
    packed[of.backward ? first_back_index(from, tap, to) : first_index(from, tap, to, of.outputs)] = value;
  });
}

void pack_winograd(const float* weight, const WeightsOf& of, float* packed) {
  const size_t to_all = static_cast<size_t>(to_channels(of));
  std::vector<float> kernels(9 * static_cast<size_t>(from_channels(of)) * to_all);
  each_weight(weight, of, [&](int from, int tap, int to, float value) {
    const size_t pair = static_cast<size_t>(from) * to_all + static_cast<size_t>(to);
    kernels[pair * 9 + static_cast<size_t>(tap)] = value;
  });
  winograd_weights(kernels.data(), from_channels(of), to_channels(of), packed);
}

void pack_product(const float* weight, const WeightsOf& of, Arithmetic precision, void* packed) {
  each_weight(weight, of, [&](int from, int tap, int to, float value) {
    const size_t at = packed_index(from, tap, to, from_channels(of), 9, to_channels(of), precision);
    switch (precision) {
      case Arithmetic::float32:
        static_cast<float*>(packed)[at] = value;
        break;
      case Arithmetic::tf32:
        static_cast<float*>(packed)[at] = tf32(value);
        break;
      case Arithmetic::bf16:
        static_cast<uint16_t*>(packed)[at] = bfloat16(value);
        break;
    }
  });
}

bool by_winograd(const WeightsOf& of, Arithmetic precision) {
  return precision == Arithmetic::float32 && winograd_takes(from_channels(of), to_channels(of));
}

}  // namespace

size_t packed_weight_bytes(const WeightsOf& of, Arithmetic precision) {
  if (of.first) {
    return sizeof(float) * (of.backward ? first_back_weights(of.outputs) : first_weights(of.outputs));
  }
  const int from = from_channels(of);
  const int to = to_channels(of);
  if (by_winograd(of, precision)) return winograd_weight_bytes(from, to);
  return element_bytes(precision) * packed_elements(from, to, 9, precision);
}

void pack_weights(const float* weight, const WeightsOf& of, Arithmetic precision, void* packed) {
  std::memset(packed, 0, packed_weight_bytes(of, precision));
  if (of.first) return pack_first(weight, of, static_cast<float*>(packed));
  if (by_winograd(of, precision)) return pack_winograd(weight, of, static_cast<float*>(packed));
  pack_product(weight, of, precision, packed);
}

}  // namespace scumble::cuda

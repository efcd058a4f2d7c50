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

// Calls put(from channel, tap, to channel, weight) for every weight of the convolution or of its gradient,
// which has the kernels turned by half a turn.
template <typename Put>
void each_weight(const float* weight, int inputs, int outputs, bool backward, const Put& put) {
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < inputs; ++i) {
      for (int tap = 0; tap < 9; ++tap) {
        const float value = *weight++;
        if (backward) {
          put(o, 8 - tap, i, value);
        } else {
          put(i, tap, o, value);
        }
      }
    }
  }
}

}  // namespace

size_t packed_weight_bytes(int inputs, int outputs, bool backward, Precision precision) {
  if (inputs == kFirstChannels)
    return sizeof(float) * (backward ? first_back_weights(outputs) : first_weights(outputs));
  const int from = backward ? outputs : inputs;
  const int to = backward ? inputs : outputs;
  if (precision == Precision::float32 && winograd_takes(from, to)) return winograd_weight_bytes(from, to);
  return element_bytes(precision) * packed_elements(from, to, 9, precision);
}

void pack_weights(const float* weight, int inputs, int outputs, bool backward, Precision precision,
                  void* packed) {
  std::memset(packed, 0, packed_weight_bytes(inputs, outputs, backward, precision));
  auto* const floats = static_cast<float*>(packed);
  if (inputs == kFirstChannels) {
    each_weight(weight, inputs, outputs, backward, [&](int from, int tap, int to, float value) {
      floats[backward ? first_back_place(from, tap, to) : first_place(from, tap, to, outputs)] = value;
    });
    return;
  }
  const int from_channels = backward ? outputs : inputs;
  const int to_channels = backward ? inputs : outputs;
  if (precision == Precision::float32 && winograd_takes(from_channels, to_channels)) {
    std::vector<float> kernels(9 * static_cast<size_t>(inputs) * static_cast<size_t>(outputs));
    each_weight(weight, inputs, outputs, backward, [&](int from, int tap, int to, float value) {
      const size_t pair =
          static_cast<size_t>(from) * static_cast<size_t>(to_channels) + static_cast<size_t>(to);
      kernels[pair * 9 + static_cast<size_t>(tap)] = value;
    });
    return winograd_weights(kernels.data(), from_channels, to_channels, floats);
  }
  each_weight(weight, inputs, outputs, backward, [&](int from, int tap, int to, float value) {
    const size_t at = packed_place(from, tap, to, from_channels, 9, to_channels, precision);
    switch (precision) {
      case Precision::float32:
        floats[at] = value;
        break;
      case Precision::tf32:
        floats[at] = tf32(value);
        break;
      case Precision::bf16:
        static_cast<uint16_t*>(packed)[at] = bfloat16(value);
        break;
    }
  });
}

}  // namespace scumble::cuda

#include "network.h"

namespace scumble::cpu {
namespace {

constexpr size_t kTaps = 9;

size_t packed_floats(int outputs, int inputs, int block) {
  return blocks_of(outputs, block) * static_cast<size_t>(block) * kTaps * static_cast<size_t>(inputs);
}

// The first layer's kernels lie as one product with an output per tap and channel: see first_back() in
// kernels/product.h.
size_t backward_floats(const Convolution& conv, int block) {
  if (!conv.first()) return packed_floats(conv.inputs, conv.outputs, block);
  return blocks_of(static_cast<int>(kTaps) * 3, block) * static_cast<size_t>(block) *
         static_cast<size_t>(conv.outputs);
}

}  // namespace

CpuNetwork::CpuNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights,
                       int block)
    : Network(architecture), block_(block), packed_(weights.size()) {
  const size_t b = static_cast<size_t>(block);
  for (size_t i = 0; i < weights.size(); ++i) {
    const Convolution& conv = architecture.convolutions[i];
    const size_t inputs = static_cast<size_t>(conv.inputs);
    const size_t outputs = static_cast<size_t>(conv.outputs);
    Packed& packed = packed_[i];
    packed.forward.resize(packed_floats(conv.outputs, conv.inputs, block));
    packed.backward.resize(backward_floats(conv, block));
    packed.bias = weights[i].bias;
    packed.bias.resize(blocks_of(conv.outputs, block) * b);
    const float* from = weights[i].weight.data();
    for (size_t o = 0; o < outputs; ++o) {
      for (size_t c = 0; c < inputs; ++c) {
        for (size_t tap = 0; tap < kTaps; ++tap, ++from) {
          packed.forward[((o / b * kTaps + tap) * inputs + c) * b + o % b] = *from;
          if (conv.first()) {
            const size_t column = (kTaps - 1 - tap) * 3 + c;
            packed.backward[(column / b * outputs + o) * b + column % b] = *from;
          } else {
            packed.backward[((c / b * kTaps + (kTaps - 1 - tap)) * outputs + o) * b + c % b] = *from;
          }
        }
      }
    }
  }
}

size_t CpuNetwork::bytes(const Architecture& architecture, int block) {
  size_t floats = 0;
  for (const Convolution& conv : architecture.convolutions) {
    floats += packed_floats(conv.outputs, conv.inputs, block) + backward_floats(conv, block) +
              blocks_of(conv.outputs, block) * static_cast<size_t>(block);
  }
  return floats * sizeof(float);
}

}  // namespace scumble::cpu

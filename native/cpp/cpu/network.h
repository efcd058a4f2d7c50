// A network as the CPU kernels read it: per convolution, kernels packed for the forward product and, flipped
// and transposed, for the backward one.
#pragma once

#include <vector>

#include "../core/network.h"

namespace scumble::cpu {

class CpuNetwork final : public Network {
 public:
  // `block`: output channels per packed block.
  CpuNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights, int block);

  struct Packed {
    std::vector<float> forward;  // [block of outputs][tap][input][block]
    // [block of inputs][flipped tap][output][block]; of the first layer [block of flipped taps *
    // 3][output][block]
    std::vector<float> backward;
    std::vector<float> bias;  // padded to whole blocks
  };
  const Packed& packed(int convolution) const { return packed_[static_cast<size_t>(convolution)]; }

  size_t bytes() const override { return bytes(architecture(), block_); }
  static size_t bytes(const Architecture& architecture, int block);

 private:
  int block_;
  std::vector<Packed> packed_;
};

inline size_t blocks_of(int channels, int block) {
  return static_cast<size_t>(channels + block - 1) / static_cast<size_t>(block);
}

}  // namespace scumble::cpu

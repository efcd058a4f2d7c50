// A network as the CPU kernels read it: per convolution, kernels packed for the forward product and, flipped
// and transposed, for the backward one. The first layers' are also kept as Winograd's algorithm wants them,
// once somebody has asked: they are four to seven times as large, but to make them takes a tenth of a product.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "../core/network.h"
#include "arena.h"
#include "isa.h"

namespace scumble::cpu {

class CpuNetwork final : public Network {
 public:
  CpuNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights,
             const Isa& isa);

  struct Packed {
    std::vector<float> forward;  // [block of outputs][tap][input][block]
    // [block of inputs][flipped tap][output][block]; of the first layer [block of flipped taps *
    // 3][output][block]
    std::vector<float> backward;
    std::vector<float> bias;  // padded to whole blocks
  };
  const Packed& packed(int convolution) const { return packed_[static_cast<size_t>(convolution)]; }

  // Which of a convolution's kernels, and for which of Winograd's algorithms (see kernels/product.h).
  struct Transform {
    int convolution;
    bool back;
    int tile;
    bool fast;
    bool operator<(const Transform& other) const;
  };
  // Product::transformed, made when it is first asked for, by so many threads; null where there is no room to
  // keep it. Safe from any thread.
  const float* transformed(const Transform& transform, int threads) const;

  size_t bytes() const override { return bytes(architecture(), isa_); }
  // With room for transformed kernels.
  static size_t bytes(const Architecture& architecture, const Isa& isa);

 private:
  const Isa& isa_;
  std::vector<Packed> packed_;
  std::vector<bool> kept_[2];  // whether a convolution's transformed kernels may be; the gradient's
  mutable std::mutex mutex_;
  mutable size_t room_ = 0;  // for more of them
  mutable std::map<Transform, Arena> transformed_;
};

inline size_t blocks_of(int channels, int block) {
  return static_cast<size_t>(channels + block - 1) / static_cast<size_t>(block);
}

}  // namespace scumble::cpu

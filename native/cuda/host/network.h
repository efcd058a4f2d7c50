// A network on a device: every convolution's weights, forward and backward, packed as its kernels read them.
#pragma once

#include <vector>

#include "../../cpp/core/network.h"
#include "../ops/arithmetic.h"
#include "device_memory.h"

namespace scumble::cuda {

// Where in one block of memory everything lies, and how much it is together.
struct NetworkLayout {
  struct Packed {
    size_t forward;
    size_t backward;
    size_t bias;
  };
  std::vector<Packed> convolutions;
  size_t bytes = 0;

  NetworkLayout(const Architecture& architecture, Arithmetic precision);
};

class CudaNetwork final : public Network {
 public:
  CudaNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights, int device,
              Arithmetic precision);

  size_t bytes() const override { return layout_.bytes; }
  const void* weights(int convolution, bool backward) const;
  const float* bias(int convolution) const;

 private:
  NetworkLayout layout_;
  DeviceMemory memory_;
};

}  // namespace scumble::cuda

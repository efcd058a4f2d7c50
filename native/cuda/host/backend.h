// The CUDA backend: a plan's steps are queued as kernels on a stream of the program's own; an evaluation and a
// move, optimiser and all, are each captured once as a graph and replayed. No CUDA types here.
#pragma once

#include "../../cpp/core/backend.h"
#include "../ops/arithmetic.h"

namespace scumble::cuda {

class CudaBackend final : public Backend {
 public:
  // Throws InvalidArgument for a device that does not exist or cannot run this precision.
  CudaBackend(int device, Arithmetic precision);

  size_t tensor_bytes(const Shape& shape) const override;
  size_t working_bytes(std::string_view op, const Shape& features) const override;
  std::vector<Group> fuse(const Plan& plan) const override;
  // `threads` means nothing here.
  size_t program_bytes(const Plan& plan, int threads) const override;
  size_t network_bytes(const Architecture& architecture) const override;
  // All throw DeviceFailure, with kind `memory` where the device has too little.
  std::shared_ptr<const Network> load(const Architecture& architecture,
                                      std::vector<ConvolutionWeights> weights) const override;
  std::unique_ptr<Program> compile(const Networks& networks, Plan plan, int threads) const override;
  std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                              int to_height, const Resampling& how, int threads) const override;

 private:
  int device_;
  Arithmetic precision_;
};

}  // namespace scumble::cuda

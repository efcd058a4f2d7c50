// The CPU backend: plans run step by step, each step cut into tasks for the thread pool. How a step is cut
// depends on its size alone, so the bytes that come out do not depend on the number of threads.
#pragma once

#include "../core/backend.h"
#include "kernels.h"

namespace scumble::cpu {

enum class Precision {
  exact,  // float32 throughout
  fast,   // products of bf16 summed in float32, in the layers that can bear it; exact where !kernels.bf16
};

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const Kernels& kernels, Precision precision = Precision::exact)
      : kernels_(kernels), fast_(precision == Precision::fast && kernels.bf16) {}

  size_t tensor_bytes(const Shape& shape) const override;
  size_t matrix_scratch_bytes(const Shape& features) const override;
  size_t program_bytes(const Plan& plan, int threads) const override;
  size_t network_bytes(const Architecture& architecture) const override;
  std::shared_ptr<const Network> load(const Architecture& architecture,
                                      const std::vector<ConvolutionWeights>& weights) const override;
  std::unique_ptr<Program> compile(std::shared_ptr<const Network> network, Plan plan,
                                   int threads) const override;
  std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                              int to_height, float low, float high, int threads) const override;

 private:
  const Kernels& kernels_;
  bool fast_;
};

}  // namespace scumble::cpu

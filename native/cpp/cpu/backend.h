// The CPU backend: plans run step by step, each step cut into tasks for the thread pool.
#pragma once

#include "../core/backend.h"
#include "isa.h"

namespace scumble::cpu {

class CpuBackend final : public Backend {
 public:
  // `fast`: products of bf16 summed in float32, in the layers that can bear it; else, and where the
  // instruction set has none, float32 throughout.
  explicit CpuBackend(const Isa& isa, bool fast = false) : isa_(isa), fast_(fast && isa.bf16) {}

  bool in_host_memory() const override { return true; }
  size_t tensor_bytes(const Shape& shape) const override;
  size_t working_bytes(std::string_view op, const Shape& features) const override;
  size_t program_bytes(const Plan& plan, int threads) const override;
  size_t network_bytes(const Architecture& architecture) const override;
  std::shared_ptr<const Network> load(const Architecture& architecture,
                                      std::vector<ConvolutionWeights> weights) const override;
  std::unique_ptr<Program> compile(const Networks& networks, Plan plan, int threads) const override;
  std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                              int to_height, const Resampling& how, int threads) const override;

 private:
  const Isa& isa_;
  bool fast_;
};

}  // namespace scumble::cpu

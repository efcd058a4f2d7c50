// A plan's steps as kernels on a stream: which kernel each step is, and with what.
#pragma once

#include "../../cpp/core/plan.h"
#include "../ops/kernels.h"
#include "network.h"
#include "program_memory.h"

namespace scumble::cuda {

// All it refers to must outlive it.
class StepQueue {
 public:
  StepQueue(const CudaNetwork& network, const Plan& plan, const ProgramMemory& memory, Precision precision,
            cudaStream_t stream)
      : network_(network), plan_(plan), memory_(memory), precision_(precision), stream_(stream) {}

  // Every step, then the losses' sums. Throws DeviceFailure where a kernel cannot be started.
  void evaluation() const;

 private:
  // Both return how many steps they have queued.
  size_t steps_at(size_t step) const;
  size_t first_two_at(size_t step) const;
  void one(const Step& step) const;
  void content(const Step& step) const;
  void variation(const Step& step) const;

  Convolution convolution(const Step& step) const;
  StyleTerm style_term(const Step& gram, const Step& loss) const;
  Pool pooling() const;
  Channels channels() const { return channels_of(network_.architecture().preprocessing); }

  const CudaNetwork& network_;
  const Plan& plan_;
  const ProgramMemory& memory_;
  Precision precision_;
  cudaStream_t stream_;
};

}  // namespace scumble::cuda

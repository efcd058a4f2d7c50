// What operations work with: a program's memory on the device, its networks, and the stream that it queues
// on. The memory is one block: the plan's arena, and behind it partial sums, losses, the optimiser's scalars
// and scratch.
#pragma once

#include "../../cpp/core/backend.h"
#include "../ops/kernels.h"
#include "device_memory.h"
#include "network.h"
#include "stream.h"

namespace scumble::cuda {

// Where it lies, and how much it is together.
struct ProgramLayout {
  size_t partials = 0;
  size_t losses = 0;
  size_t progress = 0;
  size_t lbfgs = 0;
  size_t scratch = 0;
  size_t scratch_bytes = 0;
  size_t bytes = 0;

  ProgramLayout(const Plan& plan, Arithmetic precision);
};

class Workspace {
 public:
  Workspace(const Networks& networks, Plan plan, int device, Arithmetic precision)
      : networks_(networks),
        plan_(std::move(plan)),
        device_(device),
        precision_(precision),
        layout_(plan_, precision),
        memory_(device, layout_.bytes),
        stream_(device) {}

  const Plan& plan() const { return plan_; }
  int device() const { return device_; }
  Arithmetic precision() const { return precision_; }
  const Stream& stream() const { return stream_; }
  const CudaNetwork& network(const Step& step) const {
    return static_cast<const CudaNetwork&>(*networks_[static_cast<size_t>(step.network)]);
  }

  const Shape& shape(BufferId id) const { return plan_.buffer(id).shape; }
  BufferKind kind(BufferId id) const { return plan_.buffer(id).kind; }
  void* at(BufferId id) const { return id == kNoBuffer ? nullptr : memory_.at(plan_.buffer(id).offset); }
  float* floats(BufferId id) const { return static_cast<float*>(at(id)); }
  Tensor tensor(BufferId id) const { return {at(id), shape(id).channels, shape(id).height, shape(id).width}; }
  Pool pool() const;
  // Where a step's gradient goes, and how.
  Gradient gradient(const Step& step) const { return {tensor(step.out), at(step.mask), step.accumulate}; }

  // Of a step's loss.
  Partials partials(const Step& step) const {
    return {reinterpret_cast<double*>(memory_.at(layout_.partials)) +
            static_cast<size_t>(step.slot) * kPartials};
  }
  double* all_partials() const { return reinterpret_cast<double*>(memory_.at(layout_.partials)); }
  double* losses() const { return reinterpret_cast<double*>(memory_.at(layout_.losses)); }
  Progress* progress() const { return reinterpret_cast<Progress*>(memory_.at(layout_.progress)); }
  void* lbfgs() const { return memory_.at(layout_.lbfgs); }
  // The most that any step wants; they run one after the other.
  void* scratch() const { return memory_.at(layout_.scratch); }
  size_t scratch_bytes() const { return layout_.scratch_bytes; }

 private:
  Networks networks_;
  Plan plan_;
  int device_;
  Arithmetic precision_;
  ProgramLayout layout_;
  DeviceMemory memory_;
  Stream stream_;
};

}  // namespace scumble::cuda

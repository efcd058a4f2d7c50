// What a program has on the device, one block of memory: the plan's arena, and behind it partial sums,
// losses, the optimiser's scalars and the convolutions' scratch.
#pragma once

#include "../../cpp/core/plan.h"
#include "../ops/kernels.h"
#include "device_memory.h"

namespace scumble::cuda {

// Where it lies, and how much it is together.
struct ProgramLayout {
  size_t partials = 0;
  size_t losses = 0;
  size_t state = 0;
  size_t lbfgs = 0;
  size_t scratch = 0;
  size_t scratch_bytes = 0;
  size_t bytes = 0;

  ProgramLayout(const Plan& plan, Precision precision);
};

class ProgramMemory {
 public:
  // The plan must outlive it.
  ProgramMemory(const Plan& plan, int device, Precision precision)
      : plan_(plan), layout_(plan, precision), memory_(device, layout_.bytes) {}

  const Buffer& buffer(BufferId id) const { return plan_.buffers[static_cast<size_t>(id)]; }
  void* at(BufferId id) const { return id == kNoBuffer ? nullptr : memory_.at(buffer(id).offset); }
  float* floats(BufferId id) const { return static_cast<float*>(at(id)); }
  Tensor tensor(BufferId id) const {
    const Shape& shape = buffer(id).shape;
    return {at(id), shape.channels, shape.height, shape.width};
  }

  Partials partials(int slot) const {
    return {reinterpret_cast<double*>(memory_.at(layout_.partials)) + static_cast<size_t>(slot) * kPartials};
  }
  double* losses() const { return reinterpret_cast<double*>(memory_.at(layout_.losses)); }
  State* state() const { return reinterpret_cast<State*>(memory_.at(layout_.state)); }
  void* lbfgs() const { return memory_.at(layout_.lbfgs); }
  void* scratch() const { return memory_.at(layout_.scratch); }
  size_t scratch_bytes() const { return layout_.scratch_bytes; }

 private:
  const Plan& plan_;
  ProgramLayout layout_;
  DeviceMemory memory_;
};

}  // namespace scumble::cuda

// What comes back to the host after iterations: the losses and the state.
#pragma once

#include "../ops/kernels.h"
#include "pinned_memory.h"

namespace scumble::cuda {

class Report {
 public:
  explicit Report(int slots)
      : slots_(slots), memory_(sizeof(State) + static_cast<size_t>(slots) * sizeof(double)) {
    state() = State{};
  }

  State& state() const { return *reinterpret_cast<State*>(memory_.at()); }
  double* losses() const { return reinterpret_cast<double*>(memory_.at(sizeof(State))); }
  size_t losses_bytes() const { return static_cast<size_t>(slots_) * sizeof(double); }

 private:
  int slots_;
  PinnedMemory memory_;
};

}  // namespace scumble::cuda

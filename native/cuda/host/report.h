// What comes back to the host from a move: where the run stands, and the losses. The device writes it by itself.
#pragma once

#include "../ops/kernels.h"
#include "pinned_memory.h"

namespace scumble::cuda {

class Report {
 public:
  explicit Report(int slots) : memory_(report_bytes(slots)) {}

  void* at() const { return memory_.at(); }
  Progress& progress() const { return *reinterpret_cast<Progress*>(memory_.at()); }
  const double* losses() const { return reinterpret_cast<const double*>(memory_.at(sizeof(Progress))); }

 private:
  PinnedMemory memory_;
};

}  // namespace scumble::cuda

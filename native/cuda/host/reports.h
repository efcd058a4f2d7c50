// What comes back to the host from the last moves: where the run stands, and the losses.
#pragma once

#include "../ops/kernels.h"
#include "pinned_memory.h"

namespace scumble::cuda {

class Reports {
 public:
  explicit Reports(int slots) : slots_(slots), memory_(kReports * report_bytes(slots)) {}

  // What the device writes to.
  void* at() const { return memory_.at(); }
  // Of a move, counted from 1; that of none, 0, is where a run began.
  Progress& progress(int move) const { return *reinterpret_cast<Progress*>(report(move)); }
  const double* losses(int move) const {
    return reinterpret_cast<const double*>(report(move) + sizeof(Progress));
  }

 private:
  char* report(int move) const {
    return memory_.at(static_cast<size_t>(move % kReports) * report_bytes(slots_));
  }

  int slots_;
  PinnedMemory memory_;
};

}  // namespace scumble::cuda

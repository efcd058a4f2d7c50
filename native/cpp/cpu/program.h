// A plan on the CPU: its steps run one after the other.
#pragma once

#include <vector>

#include "operation.h"
#include "vectors.h"

namespace scumble::cpu {

class CpuProgram final : public Program {
 public:
  CpuProgram(const Machine& machine, const Networks& networks, const Plan& plan);

  // The scratch of one thread, in bytes: a multiple of a cache line.
  static size_t scratch_bytes(const Machine& machine, const Plan& plan);

  void prepare(const std::atomic<bool>& cancelled) override;
  void run(double* losses, const std::atomic<bool>& cancelled, int evaluation) override;
  std::vector<double> time(const std::atomic<bool>& cancelled) override;
  void read(BufferId from, float* to) const override;
  void write(BufferId to, const float* from) override;
  std::unique_ptr<Snapshot> snapshot(BufferId from) const override;
  std::unique_ptr<Iteration> iteration(const Update& update) override;

 private:
  void run_steps(size_t begin, size_t end, double* losses, const std::atomic<bool>& cancelled);

  Workspace workspace_;
  CpuVectors vectors_;
  std::vector<const Operation*> operations_;  // of each step
};

}  // namespace scumble::cpu

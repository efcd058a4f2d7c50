// A plan on a device: its steps, made one by one or in groups, become kernels on a stream of its own.
#pragma once

#include <vector>

#include "operation.h"

namespace scumble::cuda {

class CudaProgram final : public Program {
 public:
  CudaProgram(const Networks& networks, Plan plan, int device, Arithmetic precision);
  ~CudaProgram() override;

  void prepare(const std::atomic<bool>& cancelled) override;
  void run(double* losses, const std::atomic<bool>& cancelled, int evaluation) override;
  std::vector<double> time(const std::atomic<bool>& cancelled) override;
  void read(BufferId from, float* to) const override;
  void write(BufferId to, const float* from) override;
  std::unique_ptr<Snapshot> snapshot(BufferId from) const override;
  std::unique_ptr<Iteration> iteration(const Update& update) override;

  // For its iteration.
  const Workspace& workspace() const { return workspace_; }
  // Every step of an evaluation, whose number is that in progress(), then the losses' sums. Throws DeviceFailure where a kernel cannot be started.
  void queue() const;

 private:
  // Groups from `begin` on, up to `end`.
  void queue(size_t begin, size_t end) const;

  Workspace workspace_;
  size_t prepared_ = 0;                       // the first so many groups run once
  std::vector<const Operation*> operations_;  // of each group
};

}  // namespace scumble::cuda

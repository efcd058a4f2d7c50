// A plan on a device: its memory, its network, and the stream that its steps run on.
#pragma once

#include "../../cpp/core/backend.h"
#include "network.h"
#include "program_memory.h"
#include "queue.h"
#include "report.h"
#include "stream.h"

namespace scumble::cuda {

class CudaProgram final : public Program {
 public:
  CudaProgram(std::shared_ptr<const CudaNetwork> network, Plan plan, int device, Precision precision);
  ~CudaProgram() override;

  void run(double* losses, const std::atomic<bool>& cancelled) override;
  void read(BufferId from, float* to) const override;
  void write(BufferId to, const float* from) override;
  std::unique_ptr<Snapshot> snapshot(BufferId from) const override;
  std::unique_ptr<Iteration> iteration(const Update& update) override;

  // For its iteration.
  int device() const { return device_; }
  int slots() const { return plan_.slots; }
  const Stream& stream() const { return stream_; }
  const ProgramMemory& memory() const { return memory_; }
  const Report& report() const { return report_; }
  void queue_evaluation() const { queue_.evaluation(); }
  void queue_report_of_losses() const;

 private:
  std::shared_ptr<const CudaNetwork> network_;
  Plan plan_;
  int device_;
  Precision precision_;
  ProgramMemory memory_;
  Stream stream_;
  Report report_;
  StepQueue queue_;
};

}  // namespace scumble::cuda

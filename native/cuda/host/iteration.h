// An iteration as two graphs, the evaluation and the move: nothing in them depends on the iteration's number but
// what the device itself counts. So the host can run ahead: an evaluation is on its way while whoever follows the
// run looks at where it stands, and the host waits only for what the move before the last has said.
#pragma once

#include <array>
#include <memory>

#include "../../cpp/core/iteration.h"
#include "captured.h"
#include "optimizer.h"
#include "program.h"
#include "reports.h"

namespace scumble::cuda {

class CudaIteration final : public Iteration {
 public:
  CudaIteration(const CudaProgram& program, const Update& update);

  void run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) override;
  int completed() const override { return completed_; }
  double mean_weight() const override { return moved().mean_weight; }
  void save(State& state) const override;
  void restore(const State& state) override;

 private:
  const Stream& start();
  void begin_at(Progress progress);
  void queue_move() const;
  void move();
  void hear(int moves, Observer& observer);
  const Progress& moved() const;

  const Workspace& w_;
  Update update_;
  std::unique_ptr<DeviceOptimizer> optimizer_;
  Reports reports_;
  std::array<Event, kReports> done_;  // of the last moves
  int moves_ = 0;                     // queued
  int heard_ = 0;                     // of them, those that the observer knows of
  int completed_ = 0;
  Captured evaluation_;
  Captured move_;
};

}  // namespace scumble::cuda

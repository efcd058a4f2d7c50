// An iteration as two graphs, the evaluation and the move: nothing in them depends on the iteration's number but
// what the device itself counts. So the host can run ahead: the next evaluation is on its way while it waits for
// what a move has said and while whoever follows the run looks at where it stands.
#pragma once

#include <memory>

#include "../../cpp/core/iteration.h"
#include "captured.h"
#include "optimizer.h"
#include "program.h"
#include "report.h"

namespace scumble::cuda {

class CudaIteration final : public Iteration {
 public:
  CudaIteration(const CudaProgram& program, const Update& update);

  void run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) override;
  int completed() const override { return completed_; }
  double mean_weight() const override { return moved().mean_weight; }
  bool diverged() const override { return diverged_; }
  void save(State& state) const override;
  void restore(const State& state) override;

 private:
  const Stream& start();
  void begin_at(const Progress& progress);
  void queue_move() const;
  void move();
  void hear(Observer& observer);
  const Progress& moved() const;

  const Workspace& w_;
  Update update_;
  std::unique_ptr<DeviceOptimizer> optimizer_;
  Event moved_;  // the last move is done
  Report report_;
  bool unheard_ = false;  // the observer does not know of it yet
  bool diverged_ = false;
  int completed_ = 0;
  Captured evaluation_;
  Captured move_;
};

}  // namespace scumble::cuda

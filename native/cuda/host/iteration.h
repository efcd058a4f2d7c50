// An iteration as one graph: nothing in it depends on the iteration's number but what the device itself
// counts. So the host can run ahead: the device never waits for it, and a word to stop is heard within two
// iterations.
#pragma once

#include <array>
#include <vector>

#include "../../cpp/core/iteration.h"
#include "graph.h"
#include "program.h"

namespace scumble::cuda {

class CudaIteration final : public Iteration {
 public:
  CudaIteration(const CudaProgram& program, const Update& update);

  void run(int count, double* losses, const std::atomic<bool>& cancelled) override;
  int completed() const override { return completed_; }
  double mean_weight() const override { return program_.report().state().mean_weight; }

 private:
  const Stream& start(const Update& update);
  void queue(const Update& update) const;
  LbfgsUpdate lbfgs_update(const Update& update) const;

  const CudaProgram& program_;
  std::vector<float*> vectors_;
  std::array<Event, 2> done_;  // of the last iterations
  Graph graph_;
  int completed_ = 0;
};

}  // namespace scumble::cuda

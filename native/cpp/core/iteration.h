// What an iteration does beyond evaluating the objective: it keeps the result so far and moves the picture. A
// backend may run all of it where its memory is, without the host; one that cannot builds on HostIteration.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <vector>

#include "optimizer.h"
#include "plan.h"

namespace scumble {

class Program;

struct Update {
  OptimizerOptions optimizer;
  // Decay of the running mean of the points evaluated, [0, 1), which is then the result; 0: the point of the
  // lowest total loss is.
  double averaging = 0;
  BufferId picture = kNoBuffer;
  BufferId gradient = kNoBuffer;
  BufferId result = kNoBuffer;
  std::vector<BufferId> vectors;  // vectors_of(optimizer) of them
};

class Iteration {
 public:
  virtual ~Iteration() = default;
  // `count` iterations; `losses` are the plan's slots at the last point evaluated. Throws Diverged at the
  // first total that is not finite: that point enters neither result nor optimiser. Throws Cancelled.
  virtual void run(int count, double* losses, const std::atomic<bool>& cancelled) = 0;
  virtual int completed() const = 0;
  // Points evaluated so far weigh this much together in the result: what it must be divided by; 0 without
  // averaging.
  virtual double mean_weight() const = 0;
};

// Evaluates where the program runs and decides here.
class HostIteration final : public Iteration {
 public:
  HostIteration(Program& program, Vectors& vectors, int slots, const Update& update);
  void run(int count, double* losses, const std::atomic<bool>& cancelled) override;
  int completed() const override { return completed_; }
  double mean_weight() const override { return mean_weight_; }

 private:
  Program& program_;
  Vectors& vectors_;
  int slots_;
  Update update_;
  std::unique_ptr<Optimizer> optimizer_;
  double best_total_ = std::numeric_limits<double>::infinity();
  double mean_weight_ = 0;  // corrects the mean's bias towards zero, as in Adam
  int completed_ = 0;
};

}  // namespace scumble

// What an iteration does beyond evaluating the objective: it keeps the result so far and moves the picture. A
// backend may run all of it where its memory is, without the host; one that cannot builds on HostIteration.
//
// An iteration has two parts. The evaluation takes nearly all the time and changes nothing that can be looked
// at; the move is short. So whoever follows a run may hold it before a move for as long as it looks at where
// the run stands, while the next evaluation is already under way: following costs no time.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <vector>

#include "optimizer.h"
#include "plan.h"

namespace scumble {

class Program;

// Colours' range.
constexpr float kBlack = 0;
constexpr float kWhite = 255;

struct Update {
  OptimizerOptions optimizer;
  // Decay of the running mean of the points evaluated, [0, 1); 0: the point of the lowest total loss is the
  // result.
  double averaging = 0;
  bool clamp = false;             // hold the variable to 0..255 after every move; of pixels only
  BufferId picture = kNoBuffer;   // the point evaluated
  BufferId variable = kNoBuffer;  // what moves: the picture itself, or its coefficients
  BufferId gradient = kNoBuffer;  // with respect to the variable
  BufferId result = kNoBuffer;
  std::vector<BufferId> vectors;  // vectors_of(optimizer) of them

  // What the variable is called in a state.
  const char* variable_name() const { return variable == picture ? "picture" : "variable"; }
};

// Follows a run. Both are called on the thread that runs it.
class Observer {
 public:
  virtual ~Observer() = default;
  // Before the picture moves (and before a divergence is thrown): everything still is as the last iteration
  // left it. May look, and may take its time; throws Cancelled to end the run there.
  virtual void leaving() {}
  // After iteration `iteration` (from 1): the losses at the point that it evaluated.
  virtual void arrived(int iteration, const double* losses) {
    static_cast<void>(iteration);
    static_cast<void>(losses);
  }
};

class Iteration {
 public:
  virtual ~Iteration() = default;
  // `count` iterations; `losses` are the plan's slots at the last point evaluated. Throws Diverged at the
  // first total that is not finite: that point enters neither result nor optimiser. Throws Cancelled.
  virtual void run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) = 0;
  virtual int completed() const = 0;
  // Points evaluated so far weigh this much together in the result: what it must be divided by; 0 without
  // averaging.
  virtual double mean_weight() const = 0;
  // Whether the point that it stands at is known to have no finite loss.
  virtual bool diverged() const = 0;

  // Between runs, or in leaving().
  virtual void save(State& state) const = 0;
  // Throws InvalidArgument for a state that is not of this picture's size, variable and optimiser.
  virtual void restore(const State& state) = 0;
};

// Evaluates where the program runs and decides here.
class HostIteration final : public Iteration {
 public:
  HostIteration(Program& program, Vectors& vectors, int slots, const Update& update);
  void run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) override;
  int completed() const override { return completed_; }
  double mean_weight() const override { return mean_weight_; }
  bool diverged() const override { return diverged_; }
  void save(State& state) const override;
  void restore(const State& state) override;

 private:
  void keep_result(double total);

  Program& program_;
  Vectors& vectors_;
  int slots_;
  Update update_;
  std::unique_ptr<Optimizer> optimizer_;
  double best_total_ = std::numeric_limits<double>::infinity();
  double mean_weight_ = 0;  // corrects the mean's bias towards zero, as in Adam
  int best_ = 0;            // the iteration of best_total_
  int completed_ = 0;
  bool diverged_ = false;
};

}  // namespace scumble

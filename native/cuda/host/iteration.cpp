#include "iteration.h"

#include <algorithm>
#include <cmath>

#include "copies.h"

namespace scumble::cuda {

CudaIteration::CudaIteration(const CudaProgram& program, const Update& update)
    : w_(program.workspace()),
      update_(update),
      optimizer_(make_optimizer(w_, update)),
      reports_(w_.plan().slots),
      done_{Event(w_.device()), Event(w_.device())},
      evaluation_(start(), [&] { program.queue(); }),
      move_(w_.stream(), [&] { queue_move(); }) {}

void CudaIteration::run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) {
  use(w_.device());
  heard_ = moves_;
  try {
    for (int i = 0; i < count; ++i) {
      if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
      evaluation_.launch(w_.stream());
      hear(moves_ - 1, observer);
      observer.leaving();
      move();
    }
  } catch (const Cancelled&) {
    hear(moves_, observer);
    throw;
  }
  hear(moves_, observer);
  std::copy_n(reports_.losses(moves_), w_.plan().slots, losses);
}

void CudaIteration::move() {
  ++moves_;
  move_.launch(w_.stream());
  done_[static_cast<size_t>(moves_) % done_.size()].record(w_.stream());
  ++completed_;
}

// Waits for the first so many moves, and says what came of them. After a divergence the device stood still;
// then it may go on from there.
void CudaIteration::hear(int moves, Observer& observer) {
  while (heard_ < moves) {
    ++heard_;
    done_[static_cast<size_t>(heard_) % done_.size()].wait("iterating");
    const Progress& progress = reports_.progress(heard_);
    if (progress.diverged > 0) {
      completed_ = progress.diverged;
      check(cudaMemsetAsync(&w_.progress()->diverged, 0, sizeof progress.diverged, w_.stream()), "iterating");
      throw Diverged(completed_);
    }
    observer.arrived(progress.iteration, reports_.losses(heard_));
  }
}

// Where the run stands after the last move. Evaluations on their way do not touch that.
const Progress& CudaIteration::moved() const {
  use(w_.device());
  done_[static_cast<size_t>(moves_) % done_.size()].wait("iterating");
  return reports_.progress(moves_);
}

// Returns the stream to capture on.
const Stream& CudaIteration::start() {
  Progress progress{};
  progress.best_total = INFINITY;
  begin_at(progress);
  optimizer_->start();
  w_.stream().wait("starting the optimiser");
  return w_.stream();
}

// Nothing is on its way.
void CudaIteration::begin_at(Progress progress) {
  use(w_.device());
  progress.moves = moves_;
  reports_.progress(moves_) = progress;
  to_device(w_.progress(), &progress, sizeof progress);
  completed_ = progress.iteration;
}

void CudaIteration::queue_move() const {
  const Stream& stream = w_.stream();
  judge(w_.losses(), w_.plan().slots, update_.averaging, w_.progress(), reports_.at(), stream);
  keep_result(w_.floats(update_.picture), w_.floats(update_.result), w_.shape(update_.picture).elements(),
              update_.averaging, w_.progress(), stream);
  optimizer_->queue();
  check(cudaGetLastError(), "capturing an iteration");
}

void CudaIteration::save(State& state) const {
  const Progress progress = moved();
  const size_t elements = w_.shape(update_.picture).elements();
  state.vectors["picture"] = from_device(w_.floats(update_.picture), elements);
  state.vectors["result"] = from_device(w_.floats(update_.result), elements);
  state.numbers["iteration"] = {static_cast<double>(progress.iteration), static_cast<double>(progress.best)};
  state.numbers["best"] = {progress.best_total};
  state.numbers["mean"] = {progress.mean_weight};
  optimizer_->save(progress, state);
}

void CudaIteration::restore(const State& state) {
  const size_t elements = w_.shape(update_.picture).elements();
  const std::vector<float>& picture = state.vector("picture", elements);
  const std::vector<float>& result = state.vector("result", elements);
  const std::vector<double>& iteration = state.list("iteration", 2);
  Progress progress{};
  progress.best_total = state.list("best", 1)[0];
  progress.mean_weight = state.list("mean", 1)[0];
  progress.iteration = static_cast<int>(iteration[0]);
  progress.best = static_cast<int>(iteration[1]);
  use(w_.device());
  w_.stream().wait("restoring a run");
  optimizer_->restore(state, progress);
  to_device(w_.floats(update_.picture), picture);
  to_device(w_.floats(update_.result), result);
  begin_at(progress);
}

std::unique_ptr<DeviceOptimizer> make_optimizer(const Workspace& workspace, const Update& update) {
  return update.optimizer.kind == OptimizerKind::adam ? make_adam(workspace, update)
                                                      : make_lbfgs(workspace, update);
}

}  // namespace scumble::cuda

#include "iteration.h"

#include <algorithm>
#include <cmath>

#include "copies.h"

namespace scumble::cuda {

CudaIteration::CudaIteration(const CudaProgram& program, const Update& update)
    : w_(program.workspace()),
      update_(update),
      optimizer_(make_optimizer(w_, update)),
      moved_(w_.device()),
      report_(w_.plan().slots),
      evaluation_(start(), [&] { program.queue(); }),
      move_(w_.stream(), [&] { queue_move(); }) {}

void CudaIteration::run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) {
  use(w_.device());
  unheard_ = false;
  for (int i = 0; i < count; ++i) {
    const bool stopped = cancelled.load(std::memory_order_relaxed);
    if (!stopped) evaluation_.launch(w_.stream());
    hear(observer);
    if (stopped) throw Cancelled();
    observer.leaving();
    move();
  }
  hear(observer);
  std::copy_n(report_.losses(), w_.plan().slots, losses);
}

void CudaIteration::move() {
  move_.launch(w_.stream());
  moved_.record(w_.stream());
  unheard_ = true;
  ++completed_;
}

// Waits for the last move and says what came of it. After a divergence the device stood still; then it may go on
// from there.
void CudaIteration::hear(Observer& observer) {
  if (!unheard_) return;
  const Progress& progress = moved();
  unheard_ = false;
  diverged_ = progress.diverged > 0;
  if (diverged_) {
    check(cudaMemsetAsync(&w_.progress()->diverged, 0, sizeof progress.diverged, w_.stream()), "iterating");
    throw Diverged(progress.diverged);
  }
  observer.arrived(completed_, report_.losses());
}

// Where the run stands after the last move. An evaluation on its way does not touch that.
const Progress& CudaIteration::moved() const {
  use(w_.device());
  moved_.wait("iterating");
  return report_.progress();
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
void CudaIteration::begin_at(const Progress& progress) {
  use(w_.device());
  report_.progress() = progress;
  to_device(w_.progress(), &progress, sizeof progress);
  completed_ = progress.iteration;
}

void CudaIteration::queue_move() const {
  const Stream& stream = w_.stream();
  judge(w_.losses(), w_.plan().slots, update_.averaging, w_.progress(), report_.at(), stream);
  keep_result(w_.floats(update_.picture), w_.floats(update_.result), w_.shape(update_.picture).elements(),
              update_.averaging, w_.progress(), stream);
  optimizer_->queue();
  if (update_.clamp) {
    clamp(w_.floats(update_.variable), w_.shape(update_.variable).elements(), kBlack, kWhite, w_.progress(),
          stream);
  }
  check(cudaGetLastError(), "capturing an iteration");
}

void CudaIteration::save(State& state) const {
  const Progress progress = moved();
  const auto values = [&](BufferId id) { return from_device(w_.floats(id), w_.shape(id).elements()); };
  state.vectors[update_.variable_name()] = values(update_.variable);
  state.vectors["result"] = values(update_.result);
  state.numbers["iteration"] = {static_cast<double>(progress.iteration), static_cast<double>(progress.best)};
  state.numbers["best"] = {progress.best_total};
  state.numbers["mean"] = {progress.mean_weight};
  optimizer_->save(progress, state);
}

void CudaIteration::restore(const State& state) {
  const std::vector<float>& variable =
      state.vector(update_.variable_name(), w_.shape(update_.variable).elements());
  const std::vector<float>& result = state.vector("result", w_.shape(update_.result).elements());
  const std::vector<int> iteration = state.counts("iteration", 2);
  Progress progress{};
  progress.best_total = state.list("best", 1)[0];
  progress.mean_weight = state.list("mean", 1)[0];
  progress.iteration = iteration[0];
  progress.best = iteration[1];
  use(w_.device());
  w_.stream().wait("restoring a run");
  optimizer_->restore(state, progress);
  to_device(w_.floats(update_.variable), variable);
  to_device(w_.floats(update_.result), result);
  begin_at(progress);
  diverged_ = false;
}

}  // namespace scumble::cuda

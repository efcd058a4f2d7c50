#include "iteration.h"

#include <cmath>

#include "backend.h"
#include "error.h"

namespace scumble {

HostIteration::HostIteration(Program& program, Vectors& vectors, int slots, const Update& update)
    : program_(program),
      vectors_(vectors),
      slots_(slots),
      update_(update),
      optimizer_(make_optimizer(update.optimizer, update.vectors)) {}

void HostIteration::run(int count, double* losses, Observer& observer, const std::atomic<bool>& cancelled) {
  for (int i = 0; i < count; ++i) {
    program_.run(losses, cancelled, completed_);
    observer.leaving();
    ++completed_;
    double total = 0;
    for (int slot = 0; slot < slots_; ++slot) total += losses[slot];
    diverged_ = !std::isfinite(total);
    if (diverged_) throw Diverged(completed_);
    keep_result(total);
    optimizer_->step(vectors_, update_.variable, update_.gradient);
    if (update_.clamp) vectors_.clamp(update_.variable, kBlack, kWhite);
    observer.arrived(completed_, losses);
  }
}

void HostIteration::keep_result(double total) {
  if (total < best_total_) {
    best_total_ = total;
    best_ = completed_;
    if (update_.averaging == 0) vectors_.copy(update_.result, update_.picture);
  }
  const double decay = update_.averaging;
  if (decay == 0) return;
  // Only points with a finite loss enter, so that the mean outlives a divergence.
  vectors_.combine(update_.result, {update_.result, update_.picture},
                   {mean_weight_ > 0 ? decay : 0, 1 - decay});
  mean_weight_ = decay * mean_weight_ + (1 - decay);
}

void HostIteration::save(State& state) const {
  state.vectors[update_.variable_name()] = vectors_.values(update_.variable);
  state.vectors["result"] = vectors_.values(update_.result);
  state.numbers["iteration"] = {static_cast<double>(completed_), static_cast<double>(best_)};
  state.numbers["best"] = {best_total_};
  state.numbers["mean"] = {mean_weight_};
  optimizer_->save(vectors_, state);
}

void HostIteration::restore(const State& state) {
  const std::vector<float>& variable =
      state.vector(update_.variable_name(), vectors_.elements(update_.variable));
  const std::vector<float>& result = state.vector("result", vectors_.elements(update_.result));
  const std::vector<int> iteration = state.counts("iteration", 2);
  const double best = state.list("best", 1)[0];
  const double mean = state.list("mean", 1)[0];
  optimizer_->restore(vectors_, state);
  vectors_.set(update_.variable, variable);
  vectors_.set(update_.result, result);
  completed_ = iteration[0];
  best_ = iteration[1];
  best_total_ = best;
  mean_weight_ = mean;
  diverged_ = false;
}

}  // namespace scumble

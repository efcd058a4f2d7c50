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

void HostIteration::run(int count, double* losses, const std::atomic<bool>& cancelled) {
  for (int i = 0; i < count; ++i) {
    program_.run(losses, cancelled);
    ++completed_;
    double total = 0;
    for (int slot = 0; slot < slots_; ++slot) total += losses[slot];
    if (!std::isfinite(total)) throw Diverged(completed_);
    const double decay = update_.averaging;
    if (decay > 0) {
      // Only points with a finite loss enter, so that the mean outlives a divergence.
      vectors_.combine(update_.result, {update_.result, update_.picture},
                       {mean_weight_ > 0 ? decay : 0, 1 - decay});
      mean_weight_ = decay * mean_weight_ + (1 - decay);
    } else if (total < best_total_) {
      vectors_.copy(update_.result, update_.picture);
      best_total_ = total;
    }
    optimizer_->step(vectors_, update_.picture, update_.gradient);
  }
}

}  // namespace scumble

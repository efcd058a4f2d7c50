#include "copies.h"
#include "optimizer.h"

namespace scumble::cuda {
namespace {

class Adam final : public DeviceOptimizer {
 public:
  Adam(const Workspace& w, const Update& update) : w_(w) {
    const AdamConstants& k = update.optimizer.adam;
    update_ = {w.floats(update.variable),
               w.floats(update.gradient),
               w.floats(update.vectors[0]),
               w.floats(update.vectors[1]),
               w.shape(update.variable).elements(),
               update.optimizer.learning_rate,
               k.beta1,
               k.beta2,
               k.epsilon};
  }

  void start() const override {}
  void queue() const override { adam(update_, w_.progress(), w_.stream()); }

  void save(const Progress& progress, State& state) const override {
    state.vectors["adam.m"] = from_device(update_.m, update_.elements);
    state.vectors["adam.v"] = from_device(update_.v, update_.elements);
    state.numbers["adam.steps"] = {static_cast<double>(progress.updates)};
  }

  void restore(const State& state, Progress& progress) const override {
    const std::vector<float>& m = state.vector("adam.m", update_.elements);
    const std::vector<float>& v = state.vector("adam.v", update_.elements);
    progress.updates = state.counts("adam.steps", 1)[0];
    to_device(update_.m, m);
    to_device(update_.v, v);
  }

 private:
  const Workspace& w_;
  AdamUpdate update_{};
};

}  // namespace

std::unique_ptr<DeviceOptimizer> make_adam(const Workspace& workspace, const Update& update) {
  return std::make_unique<Adam>(workspace, update);
}

}  // namespace scumble::cuda

#include "copies.h"
#include "optimizer.h"

namespace scumble::cuda {
namespace {

class Rmsprop final : public DeviceOptimizer {
 public:
  Rmsprop(const Workspace& w, const Update& update) : w_(w) {
    const RmspropConstants& k = update.optimizer.rmsprop;
    update_ = {w.floats(update.variable),
               w.floats(update.gradient),
               w.floats(update.vectors[0]),
               w.shape(update.variable).elements(),
               update.optimizer.learning_rate,
               k.decay,
               k.epsilon};
  }

  void start() const override {}
  void queue() const override { rmsprop(update_, w_.progress(), w_.stream()); }

  void save(const Progress&, State& state) const override {
    state.vectors["rmsprop.v"] = from_device(update_.v, update_.elements);
  }

  void restore(const State& state, Progress&) const override {
    to_device(update_.v, state.vector("rmsprop.v", update_.elements));
  }

 private:
  const Workspace& w_;
  RmspropUpdate update_{};
};

}  // namespace

std::unique_ptr<DeviceOptimizer> make_rmsprop(const Workspace& workspace, const Update& update) {
  return std::make_unique<Rmsprop>(workspace, update);
}

}  // namespace scumble::cuda

#include "../ops/lbfgs.h"

#include <string>

#include "copies.h"
#include "optimizer.h"

namespace scumble::cuda {
namespace {

class Lbfgs final : public DeviceOptimizer {
 public:
  Lbfgs(const Workspace& w, const Update& update) : w_(w), memory_(w.lbfgs(), update.optimizer.history) {
    for (const BufferId id : update.vectors) vectors_.push_back(w.floats(id));
    update_ = {
        w.floats(update.variable),  w.floats(update.gradient),           vectors_.data(),
        update.optimizer.history,   w.shape(update.variable).elements(), update.optimizer.learning_rate,
        update.optimizer.first_step};
  }

  void start() const override {
    lbfgs_start(update_, w_.lbfgs(), w_.stream());
    check(cudaGetLastError(), "starting the optimiser");
  }
  void queue() const override { lbfgs(update_, w_.progress(), w_.lbfgs(), w_.stream()); }
  void save(const Progress& progress, State& state) const override;
  void restore(const State& state, Progress& progress) const override;

 private:
  size_t slots() const { return static_cast<size_t>(memory_.slots); }
  std::vector<float> values(size_t slot, size_t which) const {
    return from_device(vectors_[2 * slot + which], update_.elements);
  }

  const Workspace& w_;
  std::vector<float*> vectors_;  // s and y of every slot
  LbfgsMemory memory_;
  LbfgsUpdate update_{};
};

void Lbfgs::save(const Progress&, State& state) const {
  const LbfgsRing ring = from_device(memory_.ring, 1)[0];
  const std::vector<double> sy = from_device(memory_.sy, slots() * slots());
  const std::vector<double> yy = from_device(memory_.yy, slots() * slots());
  const size_t n = static_cast<size_t>(ring.count);
  const auto slot = [&](size_t i) { return (static_cast<size_t>(ring.first) + i) % slots(); };
  std::vector<double>& all_sy = state.numbers["lbfgs.sy"] = {};
  std::vector<double>& all_yy = state.numbers["lbfgs.yy"] = {};
  for (size_t i = 0; i < n; ++i) {
    state.vectors["lbfgs.s." + std::to_string(i)] = values(slot(i), 0);
    state.vectors["lbfgs.y." + std::to_string(i)] = values(slot(i), 1);
    for (size_t j = 0; j < n; ++j) {
      all_sy.push_back(sy[slot(i) * slots() + slot(j)]);
      all_yy.push_back(yy[slot(i) * slots() + slot(j)]);
    }
  }
  if (ring.started == 0) return;
  state.vectors["lbfgs.step"] = values(slot(n), 0);
  state.vectors["lbfgs.gradient"] = values(slot(n), 1);
}

// Pairs go to the first slots. What lies where makes no difference to what is computed.
void Lbfgs::restore(const State& state, Progress&) const {
  size_t n = 0;
  while (state.vectors.count("lbfgs.s." + std::to_string(n)) > 0) ++n;
  if (n >= slots()) {
    throw InvalidArgument("the state remembers " + std::to_string(n) + " pairs, more than the history of " +
                          std::to_string(slots() - 1));
  }
  const bool started =
      n > 0 || state.vectors.count("lbfgs.step") > 0 || state.vectors.count("lbfgs.gradient") > 0;
  std::vector<const std::vector<float>*> values;
  for (size_t i = 0; i < n; ++i) {
    values.push_back(&state.vector("lbfgs.s." + std::to_string(i), update_.elements));
    values.push_back(&state.vector("lbfgs.y." + std::to_string(i), update_.elements));
  }
  if (started) {
    values.push_back(&state.vector("lbfgs.step", update_.elements));
    values.push_back(&state.vector("lbfgs.gradient", update_.elements));
  }
  const auto by_slot = [&](const std::vector<double>& rows) {
    std::vector<double> spread(slots() * slots());
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) spread[i * slots() + j] = rows[i * n + j];
    }
    return spread;
  };
  const std::vector<double> sy = by_slot(state.list("lbfgs.sy", n * n));
  const std::vector<double> yy = by_slot(state.list("lbfgs.yy", n * n));

  for (size_t i = 0; i < values.size(); ++i) to_device(vectors_[i], *values[i]);
  to_device(memory_.sy, sy);
  to_device(memory_.yy, yy);
  const LbfgsRing ring{0, static_cast<int>(n), started ? 1 : 0, 0, vectors_[2 * n], vectors_[2 * n + 1]};
  to_device(memory_.ring, &ring, sizeof ring);
}

}  // namespace

std::unique_ptr<DeviceOptimizer> make_lbfgs(const Workspace& workspace, const Update& update) {
  return std::make_unique<Lbfgs>(workspace, update);
}

}  // namespace scumble::cuda

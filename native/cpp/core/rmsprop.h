// RMSprop (Tieleman & Hinton 2012), as torch's optim.RMSprop without momentum, centring and weight decay:
//
//   v = decay v + (1 - decay) g^2,   x = x - learning rate g / (sqrt(v) + epsilon).
//
// v begins at 0 and its bias is not corrected, so that the first steps are 1 / sqrt(1 - decay) times as long: ten times.
#pragma once

#include "optimizer.h"

namespace scumble {

class Rmsprop final : public Optimizer {
 public:
  Rmsprop(double learning_rate, const RmspropConstants& constants, BufferId v)
      : learning_rate_(learning_rate), constants_(constants), v_(v) {}

  void step(Vectors& vectors, BufferId x, BufferId gradient) override;
  void save(const Vectors& vectors, State& state) const override;
  void restore(Vectors& vectors, const State& state) override;

 private:
  double learning_rate_;
  RmspropConstants constants_;
  BufferId v_;
};

}  // namespace scumble

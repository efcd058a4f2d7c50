// Adam (Kingma & Ba 2014, algorithm 1), as torch's optim.Adam without weight decay.
#pragma once

#include "optimizer.h"

namespace scumble {

class Adam final : public Optimizer {
 public:
  Adam(double learning_rate, const AdamConstants& constants, BufferId m, BufferId v)
      : learning_rate_(learning_rate), constants_(constants), m_(m), v_(v) {}

  void step(Vectors& vectors, BufferId x, BufferId gradient) override;
  void save(const Vectors& vectors, State& state) const override;
  void restore(Vectors& vectors, const State& state) override;

 private:
  double learning_rate_;
  AdamConstants constants_;
  BufferId m_;
  BufferId v_;
  int64_t steps_ = 0;  // that the moments have seen
};

}  // namespace scumble

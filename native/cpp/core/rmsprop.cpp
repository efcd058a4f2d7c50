#include "rmsprop.h"

namespace scumble {

void Rmsprop::step(Vectors& vectors, BufferId x, BufferId gradient) {
  vectors.rmsprop(x, gradient, v_, learning_rate_, constants_);
}

void Rmsprop::save(const Vectors& vectors, State& state) const {
  state.vectors["rmsprop.v"] = vectors.values(v_);
}

void Rmsprop::restore(Vectors& vectors, const State& state) {
  vectors.set(v_, state.vector("rmsprop.v", vectors.elements(v_)));
}

}  // namespace scumble

#include "adam.h"

namespace scumble {

void Adam::step(Vectors& vectors, BufferId x, BufferId gradient) {
  vectors.adam(x, gradient, m_, v_, ++steps_, learning_rate_, constants_);
}

void Adam::save(const Vectors& vectors, State& state) const {
  state.vectors["adam.m"] = vectors.values(m_);
  state.vectors["adam.v"] = vectors.values(v_);
  state.numbers["adam.steps"] = {static_cast<double>(steps_)};
}

void Adam::restore(Vectors& vectors, const State& state) {
  const size_t elements = vectors.elements(m_);
  const std::vector<float>& m = state.vector("adam.m", elements);
  const std::vector<float>& v = state.vector("adam.v", elements);
  steps_ = state.counts("adam.steps", 1)[0];
  vectors.set(m_, m);
  vectors.set(v_, v);
}

}  // namespace scumble

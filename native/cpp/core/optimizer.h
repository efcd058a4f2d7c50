// An optimiser turns the gradient at a point into the next point: a picture, or the coefficients of one.
#pragma once

#include <memory>

#include "state.h"
#include "vectors.h"

namespace scumble {

enum class OptimizerKind { lbfgs, adam, rmsprop };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::lbfgs;
  double learning_rate = 1;
  AdamConstants adam;
  RmspropConstants rmsprop;
  int history = 10;  // pairs that L-BFGS remembers
  // L-BFGS: how far elements go in the first step, in the mean; 0: all of them together by 1 at most, as torch.
  double first_step = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Moves `x` by one step along `gradient`.
  virtual void step(Vectors& vectors, BufferId x, BufferId gradient) = 0;
  virtual void save(const Vectors& vectors, State& state) const = 0;
  // Throws InvalidArgument for a state that is not this optimiser's, and is then as it was.
  virtual void restore(Vectors& vectors, const State& state) = 0;
};

// Vectors of the variable's size that the optimiser needs.
int vectors_of(const OptimizerOptions& options);
// `vectors`: as many as vectors_of() says.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, std::vector<BufferId> vectors);

}  // namespace scumble

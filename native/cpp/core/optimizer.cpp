#include "optimizer.h"

#include "adam.h"
#include "lbfgs.h"
#include "rmsprop.h"

namespace scumble {

int vectors_of(const OptimizerOptions& options) {
  switch (options.kind) {
    case OptimizerKind::adam:
      return 2;
    case OptimizerKind::rmsprop:
      return 1;
    case OptimizerKind::lbfgs:
      break;
  }
  return Lbfgs::vectors(options.history);
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, std::vector<BufferId> vectors) {
  switch (options.kind) {
    case OptimizerKind::adam:
      return std::make_unique<Adam>(options.learning_rate, options.adam, vectors[0], vectors[1]);
    case OptimizerKind::rmsprop:
      return std::make_unique<Rmsprop>(options.learning_rate, options.rmsprop, vectors[0]);
    case OptimizerKind::lbfgs:
      break;
  }
  return std::make_unique<Lbfgs>(options.learning_rate, options.first_step, std::move(vectors));
}

}  // namespace scumble

#include "optimizer.h"

#include "adam.h"
#include "lbfgs.h"

namespace scumble {

int vectors_of(const OptimizerOptions& options) {
  return options.kind == OptimizerKind::adam ? 2 : Lbfgs::vectors(options.history);
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, std::vector<BufferId> vectors) {
  if (options.kind == OptimizerKind::adam) {
    return std::make_unique<Adam>(options.learning_rate, options.adam, vectors[0], vectors[1]);
  }
  return std::make_unique<Lbfgs>(options.learning_rate, std::move(vectors));
}

}  // namespace scumble

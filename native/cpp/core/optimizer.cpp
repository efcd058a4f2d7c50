#include "optimizer.h"

#include "lbfgs.h"

namespace scumble {
namespace {

class Adam final : public Optimizer {
 public:
  Adam(const AdamConstants& constants, BufferId m, BufferId v) : constants_(constants), m_(m), v_(v) {}

  void step(Vectors& vectors, BufferId picture, BufferId gradient) override {
    vectors.adam(picture, gradient, m_, v_, ++t_, constants_);
  }

 private:
  AdamConstants constants_;
  BufferId m_;
  BufferId v_;
  int64_t t_ = 0;
};

}  // namespace

int vectors_of(const OptimizerOptions& options) {
  return options.kind == OptimizerKind::adam ? 2 : Lbfgs::vectors(options.history);
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, std::vector<BufferId> vectors) {
  if (options.kind == OptimizerKind::adam) {
    return std::make_unique<Adam>(options.adam, vectors[0], vectors[1]);
  }
  return std::make_unique<Lbfgs>(options.adam.learning_rate, std::move(vectors));
}

}  // namespace scumble

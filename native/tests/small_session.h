// A session small enough to be run many times. Include it after check.h.
#pragma once

#include "../cpp/core/session.h"
#include "support.h"

constexpr int kWidth = 14;
constexpr int kHeight = 11;

struct Setup {
  explicit Setup(const scumble::cpu::Isa& isa = *support::isas()[0]) : backend(isa) {
    support::Random random(21);
    const auto model = support::random_model(random, {2, 1}, [&] { return random.integer(4, 9); });
    network = backend.load(model.architecture, model.weights);
    content = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    style = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    start = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    options.objective = support::objective_of({"relu2_1"}, {"relu1_1", "relu2_1"}, 1e-3);
    options.objective.terms[1].weight = options.objective.terms[2].weight = 0.5;
    options.optimizer.kind = scumble::OptimizerKind::adam;
    options.optimizer.learning_rate = 5;
  }

  scumble::SessionImages images() const {
    scumble::SessionImages made;
    made.start = support::view(start, kWidth, kHeight);
    made.targets = {support::view(content, kWidth, kHeight), support::view(style, kWidth, kHeight)};
    return made;
  }

  scumble::Session session() const { return {backend, {network}, options, images(), support::running()}; }

  // The point that the newest session stands at.
  std::vector<float> point() const {
    std::vector<float> values(content.size());
    backend.newest->read(backend.plans.back().picture, values.data());
    return values;
  }

  support::Recording backend;
  std::shared_ptr<const scumble::Network> network;
  std::vector<float> content;  // image 0
  std::vector<float> style;    // image 1
  std::vector<float> start;
  scumble::SessionOptions options;
};

inline std::vector<float> result_of(const scumble::Session& session) {
  return session.result().values();
}

inline bool same(const scumble::State& a, const scumble::State& b) {
  return a.vectors == b.vectors && a.numbers == b.numbers;
}

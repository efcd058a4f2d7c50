// A session's ingredients, kept alive, and the backends to start it on.
#pragma once

#include "../../cuda/host/backend.h"
#include "../../cuda/ops/kernel_set.h"
#include "../cases.h"
#include "../check.h"
#include "orders.h"

namespace job {

using namespace cases;  // NOLINT(google-build-using-namespace): tests of sessions are about nothing else
using scumble::cuda::Arithmetic;
using scumble::cuda::CudaBackend;

inline const scumble::cpu::CpuBackend& cpu_backend() {
  static const scumble::cpu::CpuBackend backend(scumble::cpu::isa());
  return backend;
}

struct Job {
  reference::Model model;
  std::vector<float> content;  // image 0
  std::vector<float> style;    // image 1
  Size size{};
  std::vector<std::vector<float>> masks;  // five wide
  scumble::SessionOptions options;

  scumble::SessionImages images() const {
    scumble::SessionImages made;
    made.start = support::view(content, size.width, size.height);
    made.targets = {made.start, support::view(style, size.width, size.height)};
    for (const auto& mask : masks)
      made.masks.push_back(support::mask_view(mask, 5, static_cast<int>(mask.size()) / 5));
    return made;
  }
  scumble::Session start(const scumble::Backend& backend) const {
    return {
        backend, {backend.load(model.architecture, model.weights)}, options, images(), support::running()};
  }
};

// Over so many blocks of VGG-19, narrow.
inline Job make(Pooling pooling, Size size, int least = 8, size_t blocks = 5) {
  Random random(21);
  Job made;
  made.model = narrow_vgg(random, 3, blocks, least);
  made.model.pooling = pooling;
  prepare_input(made.model, false, false, Padding::zero);
  made.size = size;
  const size_t elements = static_cast<size_t>(size.height) * static_cast<size_t>(size.width) * 3;
  made.content = support::uniform(random, elements, 40, 200);
  // Much darker, so that no loss is a small difference of large features, which reduced precision could not
  // resolve.
  made.style = support::uniform(random, elements, 0, 60);
  made.options.pooling = pooling;
  support::add(made.options.objective, "content", blocks > 3 ? "relu4_2" : "relu2_2", 5, {{0}});
  for (const char* layer : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}) {
    if (static_cast<size_t>(layer[4] - '0') <= blocks)
      support::add(made.options.objective, "gram", layer, 100, {{1}});
  }
  support::add_tv(made.options.objective, 1e-3);
  made.options.threads = 2;
  return made;
}

// The optimisers and results that there are, with a history short enough to wrap around soon.
struct Way {
  scumble::OptimizerKind kind;
  double averaging;
  const char* name;
  int details = 0;
  bool clamp = false;

  Job on(Job of) const {
    const bool lbfgs = kind == scumble::OptimizerKind::lbfgs;
    of.options.optimizer.kind = kind;
    // L-BFGS without damping would overshoot at first, and rounding with it.
    of.options.optimizer.learning_rate = lbfgs ? 0.1 : kind == scumble::OptimizerKind::adam ? 2 : 0.5;
    of.options.optimizer.history = 3;
    of.options.averaging = averaging;
    of.options.details = details;
    of.options.clamp = clamp;
    return of;
  }
};
inline const std::vector<Way> kWays = {{scumble::OptimizerKind::adam, 0, "adam"},
                                       {scumble::OptimizerKind::adam, 0.9, "adam, averaged"},
                                       {scumble::OptimizerKind::lbfgs, 0, "lbfgs"},
                                       {scumble::OptimizerKind::rmsprop, 0.9, "rmsprop on coefficients", 2}};

inline std::vector<float> result_of(const scumble::Session& session) {
  return session.result().values();
}

inline bool same(const scumble::State& a, const scumble::State& b) {
  return a.vectors == b.vectors && a.numbers == b.numbers;
}

}  // namespace job

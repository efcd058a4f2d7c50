// Plans: memory is placed so that what is alive together never overlaps, every step reads what an earlier one
// wrote, the estimate covers what a session takes, and impossible requests are refused.
#include "../cpp/core/plan.h"

#include "../cpp/core/error.h"
#include "check.h"
#include "support.h"

using scumble::Buffer;
using scumble::BufferId;
using scumble::InvalidArgument;
using scumble::Plan;
using scumble::PlanRequest;
using scumble::Rounding;
using scumble::Step;
using support::Random;

namespace {

reference::Model vgg19(Random& random) {
  return support::random_model(random, {2, 2, 4, 4, 4}, [&] { return random.integer(3, 40); });
}

PlanRequest random_request(Random& random, const reference::Model& model) {
  PlanRequest request;
  request.width = random.integer(1, 70);
  request.height = random.integer(1, 70);
  request.rounding = Rounding::ceil;
  request.vectors = random.integer(0, 5);
  const auto all = layers_of(model.architecture);
  for (int i = random.integer(0, 3); i > 0; --i)
    request.objective.content.push_back({all[random.bits() % all.size()].name, 1});
  for (int i = random.integer(0, 6); i > 0; --i)
    request.objective.style.push_back({all[random.bits() % all.size()].name, 1});
  return request;
}

struct Life {
  int first = -1;
  int last = -1;
  bool persistent = false;
};

// From the steps alone, not from what the plan says of its buffers. So many steps are made at once.
std::vector<Life> lives_of(const Plan& plan, size_t at_once) {
  std::vector<Life> lives(plan.buffers.size());
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    const Step& step = plan.steps[s];
    for (const BufferId id : {step.in, step.out, step.other, step.scratch, step.mask}) {
      if (id == scumble::kNoBuffer) continue;
      Life& life = lives[static_cast<size_t>(id)];
      if (life.first < 0) life.first = static_cast<int>(s / at_once);
      life.last = static_cast<int>(s / at_once);
    }
  }
  std::vector<BufferId> persistent = {plan.picture, plan.gradient};
  persistent.insert(persistent.end(), plan.vectors.begin(), plan.vectors.end());
  persistent.insert(persistent.end(), plan.content.begin(), plan.content.end());
  persistent.insert(persistent.end(), plan.style.begin(), plan.style.end());
  for (const BufferId id : persistent) {
    if (id == scumble::kNoBuffer) continue;
    lives[static_cast<size_t>(id)] = {0, static_cast<int>(plan.steps.size()), true};
  }
  return lives;
}

size_t needed(const support::Recording& backend, const Buffer& buffer) {
  const size_t c = static_cast<size_t>(buffer.shape.channels);
  switch (buffer.kind) {
    case scumble::BufferKind::picture:
      return buffer.shape.positions() * 3 * sizeof(float);
    case scumble::BufferKind::tensor:
      return backend.tensor_bytes(buffer.shape);
    case scumble::BufferKind::matrix:
      return c * c * sizeof(float);
    case scumble::BufferKind::scratch:
      return 1;
  }
  return 0;
}

void check_memory(const support::Recording& backend, const Plan& plan) {
  const std::vector<Life> lives = lives_of(plan, backend.at_once);
  size_t end = 0;
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const Buffer& a = plan.buffers[i];
    CHECK(lives[i].first >= 0);
    CHECK(a.offset % 64 == 0);
    CHECK(a.bytes >= needed(backend, a));
    end = std::max(end, a.offset + a.bytes);
    for (size_t j = 0; j < i; ++j) {
      const Buffer& b = plan.buffers[j];
      if (lives[i].last < lives[j].first || lives[j].last < lives[i].first) continue;
      CHECK(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset);
    }
  }
  CHECK(plan.bytes == end);
}

// Every step reads only what is there for good or was written before, and accumulates only onto such.
void check_order(const Plan& plan) {
  const std::vector<Life> lives = lives_of(plan, 1);
  std::vector<bool> written(plan.buffers.size());
  for (size_t i = 0; i < written.size(); ++i) written[i] = lives[i].persistent;
  if (plan.gradient != scumble::kNoBuffer) written[static_cast<size_t>(plan.gradient)] = false;
  std::vector<int> slots(static_cast<size_t>(plan.slots));
  for (const Step& step : plan.steps) {
    for (const BufferId id : {step.in, step.other, step.mask}) {
      if (id != scumble::kNoBuffer) CHECK(written[static_cast<size_t>(id)]);
    }
    CHECK(step.out != step.in && step.out != step.other && step.out != step.mask);
    if (step.accumulate) CHECK(written[static_cast<size_t>(step.out)]);
    written[static_cast<size_t>(step.out)] = true;
    if (step.slot >= 0) ++slots[static_cast<size_t>(step.slot)];
  }
  for (const int count : slots) CHECK(count == 1);
}

}  // namespace

TEST(memory_of_random_plans) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    check::at() = "seed " + std::to_string(seed);
    Random random(seed);
    const reference::Model model = vgg19(random);
    const PlanRequest request = random_request(random, model);
    support::Recording backend(*support::tables()[seed % support::tables().size()]);
    backend.at_once = 1 + seed / 2 % 4;
    const Plan iteration = Plan::iteration(backend, model.architecture, request);
    CHECK(iteration.vectors.size() == static_cast<size_t>(request.vectors));
    CHECK(iteration.slots ==
          static_cast<int>(request.objective.content.size() + request.objective.style.size()) + 1);
    check_memory(backend, iteration);
    check_order(iteration);
    const Plan targets = Plan::targets(backend, model.architecture, request);
    check_memory(backend, targets);
    check_order(targets);
  }
}

// Lifetimes are worth something: a deep network takes less than all its buffers side by side.
TEST(memory_is_reused) {
  Random random(1);
  const reference::Model model = vgg19(random);
  PlanRequest request;
  request.width = request.height = 64;
  request.objective.content = {{"relu5_4", 1}};
  const support::Recording backend(*support::tables()[0]);
  for (const Plan& plan : {Plan::iteration(backend, model.architecture, request),
                           Plan::targets(backend, model.architecture, request)}) {
    size_t all = 0;
    for (const Buffer& buffer : plan.buffers) all += buffer.bytes;
    CHECK(plan.bytes < all * 3 / 4);
  }
}

TEST(estimate_covers_a_session) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    check::at() = "seed " + std::to_string(seed);
    Random random(seed);
    const reference::Model model = vgg19(random);
    const PlanRequest request = random_request(random, model);
    scumble::SessionOptions options;
    options.rounding = request.rounding;
    options.objective = request.objective;
    options.optimizer.history = random.integer(1, 4);
    if (seed % 2 == 0) options.optimizer.kind = scumble::OptimizerKind::adam;
    const std::vector<float> pixels(80 * 80 * 3, 100);
    const auto content = support::view(pixels, request.width, request.height);
    const std::vector<scumble::StyleImage> styles = {{support::view(pixels, 80, 75), 0.5},
                                                     {support::view(pixels, 3, 5), 0.5}};
    const support::Recording backend(*support::tables()[seed % support::tables().size()]);
    const auto estimate = scumble::Session::estimate(backend, model.architecture, options, content, styles);
    CHECK(backend.plans.empty());
    const auto network = backend.load(model.architecture, model.weights);
    const scumble::Session session(backend, network, options, content, styles, content, support::running());
    CHECK(estimate.network == network->bytes());
    size_t largest = 0;
    for (const Plan& plan : backend.plans) {
      largest = std::max(largest, backend.program_bytes(plan, options.threads));
    }
    CHECK(largest <= estimate.session);
    CHECK(session.bytes() == backend.program_bytes(backend.plans.back(), options.threads));
    CHECK(estimate.total() == estimate.network + estimate.session);
  }
}

TEST(impossible_requests) {
  Random random(1);
  const reference::Model model = vgg19(random);
  const support::Recording backend(*support::tables()[0]);
  const auto request = [](int width, int height, const std::string& content, const std::string& style) {
    PlanRequest made;
    made.width = width;
    made.height = height;
    if (!content.empty()) made.objective.content = {{content, 1}};
    if (!style.empty()) made.objective.style = {{style, 1}};
    return made;
  };
  for (const PlanRequest& bad :
       {request(64, 64, "relu6_1", ""), request(64, 64, "", "conv1_3"), request(64, 64, "input", ""),
        request(64, 64, "", "relu1_1 "), request(0, 64, "", ""), request(64, 0, "", ""),
        request(-1, 64, "", ""), request(64, 1, "pool1", ""), request(15, 64, "", "relu5_1"),
        request(64, 31, "pool5", "")}) {
    CHECK_THROWS(InvalidArgument, Plan::iteration(backend, model.architecture, bad));
    CHECK_THROWS(InvalidArgument, Plan::targets(backend, model.architecture, bad));
  }
  for (const PlanRequest& good : {request(1, 1, "relu1_2", ""), request(16, 17, "", "relu5_1"),
                                  request(32, 33, "pool5", ""), request(1, 1, "", "")}) {
    CHECK(Plan::iteration(backend, model.architecture, good).bytes > 0);
  }
}

TEST(smallest_sizes) {
  Random random(1);
  const reference::Model model = vgg19(random);
  const auto floor = [&](const std::string& layer) {
    return smallest_size(model.architecture, layer, Rounding::floor);
  };
  CHECK(floor("conv1_1") == 1);
  CHECK(floor("relu1_2") == 1);
  CHECK(floor("pool1") == 2);
  CHECK(floor("relu4_2") == 8);
  CHECK(floor("conv5_4") == 16);
  CHECK(floor("pool5") == 32);
  CHECK(smallest_size(model.architecture, "pool5", Rounding::ceil) == 1);
  CHECK_THROWS(InvalidArgument, floor("relu1_3"));
  // It is the boundary of what a plan takes.
  const support::Recording backend(*support::tables()[0]);
  for (const auto& layer : layers_of(model.architecture)) {
    PlanRequest request;
    request.objective.style = {{layer.name, 1}};
    request.width = 100;
    request.height = floor(layer.name);
    CHECK(Plan::iteration(backend, model.architecture, request).bytes > 0);
    --request.height;
    CHECK_THROWS(InvalidArgument, Plan::iteration(backend, model.architecture, request));
  }
}

TEST(architectures) {
  const auto architecture = [](std::vector<scumble::Convolution> convolutions) {
    scumble::Architecture made;
    made.convolutions = std::move(convolutions);
    return made;
  };
  validate(architecture({{1, 1, 3, 4}, {1, 2, 4, 5}, {2, 1, 5, 6}}));
  for (const auto& bad : {architecture({}), architecture({{1, 1, 4, 4}}), architecture({{1, 2, 3, 4}}),
                          architecture({{2, 1, 3, 4}}), architecture({{1, 1, 3, 4}, {1, 3, 4, 4}}),
                          architecture({{1, 1, 3, 4}, {1, 2, 5, 4}}), architecture({{1, 1, 3, 0}}),
                          architecture({{1, 1, 3, 4}, {3, 1, 4, 4}}), architecture({{1, 1, 3, 10000}})}) {
    CHECK_THROWS(InvalidArgument, validate(bad));
  }
  scumble::Architecture bad = architecture({{1, 1, 3, 4}});
  bad.preprocessing.std[1] = 0;
  CHECK_THROWS(InvalidArgument, validate(bad));
  bad = architecture({{1, 1, 3, 4}});
  bad.preprocessing.range = NAN;
  CHECK_THROWS(InvalidArgument, validate(bad));
  // And weights that do not fit it.
  const support::Recording backend(*support::tables()[0]);
  const auto good = architecture({{1, 1, 3, 4}});
  Random random(1);
  CHECK_THROWS(InvalidArgument, backend.load(good, {}));
  CHECK_THROWS(InvalidArgument, backend.load(good, {support::random_weights(random, 3, 5)}));
  CHECK(backend.load(good, {support::random_weights(random, 3, 4)})->bytes() > 0);
}

// Plans: memory is placed so that what is alive together never overlaps, every step reads what an earlier one
// wrote, the estimate covers what a session takes, and impossible requests are refused.
#include "../cpp/core/plan.h"

#include <algorithm>
#include <set>

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

// Two networks, of which one may go unused, and terms of every kind. Images: 0 is of the picture's size.
struct Job {
  std::vector<reference::Model> models;
  PlanRequest request;

  scumble::Architectures architectures() const {
    scumble::Architectures found;
    for (const reference::Model& model : models) found.push_back(&model.architecture);
    return found;
  }
};

Job random_job(Random& random) {
  Job made;
  made.models.push_back(vgg19(random));
  made.models.push_back(support::random_model(random, {1, 2, 1}, [&] { return random.integer(3, 20); }));
  PlanRequest& request = made.request;
  request.width = random.integer(1, 70);
  request.height = random.integer(1, 70);
  request.rounding = Rounding::ceil;
  request.vectors = random.integer(0, 5);
  request.details = std::max(0, random.integer(-3, 6));
  const std::vector<std::string> kinds = {"content",  "content",   "gram", "gram",
                                          "mean-std", "histogram", "tv"};
  for (int i = random.integer(1, 9); i > 0; --i) {
    const std::string& kind = kinds[random.bits() % kinds.size()];
    if (kind == "tv") {
      support::add_tv(request.objective, 1);
      continue;
    }
    const int network = random.integer(0, 3) == 0 ? 1 : 0;
    const auto all = layers_of(made.models[static_cast<size_t>(network)].architecture);
    scumble::Term& term =
        support::add(request.objective, kind, all[random.bits() % all.size()].name, 1, {{0}});
    term.network = network;
    if (kind == "content") continue;
    term.targets = {{1, 0.5}, {random.integer(0, 2), 0.5}};
    if (kind == "histogram") continue;
    term.mask = random.integer(-1, 1);
    term.targets[0].mask = random.integer(-1, 1);
  }
  return made;
}

struct Life {
  int first = -1;
  int last = -1;
  bool persistent = false;
};

std::vector<BufferId> persistent_of(const Plan& plan) {
  std::vector<BufferId> found = {plan.picture};
  if (plan.gradient != scumble::kNoBuffer) found.push_back(plan.gradient);
  if (plan.result != scumble::kNoBuffer) found.push_back(plan.result);
  if (plan.variable != scumble::kNoBuffer && plan.variable != plan.picture) {
    found.push_back(plan.variable);
    found.push_back(plan.variable_gradient);
  }
  found.insert(found.end(), plan.vectors.begin(), plan.vectors.end());
  for (const auto& targets : plan.targets) found.insert(found.end(), targets.begin(), targets.end());
  for (const scumble::Guide& guide : plan.guides) found.push_back(guide.buffer);
  return found;
}

// From the steps alone, not from what the plan says of its buffers.
std::vector<Life> lives_of(const Plan& plan) {
  std::vector<Life> lives(plan.buffers.size());
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    for (size_t s = plan.groups[g].first; s < plan.groups[g].first + plan.groups[g].count; ++s) {
      const Step& step = plan.steps[s];
      for (const BufferId id :
           {step.in, step.other, step.statistic, step.guide, step.mask, step.scratch, step.out}) {
        if (id == scumble::kNoBuffer) continue;
        Life& life = lives[static_cast<size_t>(id)];
        if (life.first < 0) life.first = static_cast<int>(g);
        life.last = static_cast<int>(g);
      }
    }
  }
  for (const BufferId id : persistent_of(plan))
    lives[static_cast<size_t>(id)] = {0, static_cast<int>(plan.groups.size()), true};
  return lives;
}

size_t needed(const support::Recording& backend, const Buffer& buffer) {
  switch (buffer.kind) {
    case scumble::BufferKind::dense:
      return buffer.shape.elements() * sizeof(float);
    case scumble::BufferKind::tensor:
      return backend.tensor_bytes(buffer.shape);
    case scumble::BufferKind::working:
      return 1;
  }
  return 0;
}

void check_memory(const support::Recording& backend, const Plan& plan) {
  const std::vector<Life> lives = lives_of(plan);
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

// Every step is in one group, in order.
void check_groups(const Plan& plan) {
  size_t next = 0;
  for (const scumble::Group& group : plan.groups) {
    CHECK(group.first == next);
    CHECK(group.count > 0);
    next += group.count;
  }
  CHECK(next == plan.steps.size());
}

// Every step reads only what is `given` or was written before, and accumulates only onto such. Returns what
// was written.
std::vector<bool> check_order(const Plan& plan, const std::vector<BufferId>& given) {
  std::vector<bool> written(plan.buffers.size());
  for (const BufferId id : given) written[static_cast<size_t>(id)] = true;
  for (const Step& step : plan.steps) {
    for (const BufferId id : {step.in, step.other, step.statistic, step.guide, step.mask}) {
      if (id == scumble::kNoBuffer) continue;
      CHECK(written[static_cast<size_t>(id)]);
      CHECK(id != step.out);
    }
    CHECK(step.scratch == scumble::kNoBuffer || step.scratch != step.out);
    if (step.accumulate) CHECK(written[static_cast<size_t>(step.out)]);
    written[static_cast<size_t>(step.out)] = true;
  }
  return written;
}

void check_iteration(const Plan& plan) {
  check_groups(plan);
  std::vector<BufferId> given = persistent_of(plan);
  const auto made = [&](BufferId id) {
    const auto found = std::find(given.begin(), given.end(), id);
    if (found != given.end()) given.erase(found);
  };
  made(plan.gradient);
  made(plan.variable_gradient);
  if (plan.variable != plan.picture) made(plan.picture);
  const std::vector<bool> written = check_order(plan, given);
  CHECK(written[static_cast<size_t>(plan.gradient)]);
  CHECK(written[static_cast<size_t>(plan.variable_gradient)]);
  std::vector<int> slots(static_cast<size_t>(plan.slots));
  for (const Step& step : plan.steps) {
    if (step.slot >= 0) ++slots[static_cast<size_t>(step.slot)];
  }
  for (const int count : slots) CHECK(count == 1);
}

void check_collection(const Plan& plan) {
  check_groups(plan);
  std::vector<BufferId> given = {plan.picture};
  for (const scumble::Guide& guide : plan.guides) given.push_back(guide.buffer);
  const std::vector<bool> written = check_order(plan, given);
  for (const auto& targets : plan.targets) {
    for (const BufferId id : targets) CHECK(written[static_cast<size_t>(id)]);
  }
  for (const Step& step : plan.steps) CHECK(step.slot < 0);
}

// So many steps in each group, the last one's what is left.
std::vector<scumble::Group> groups_of(const Plan& plan, size_t at_once) {
  std::vector<scumble::Group> groups;
  for (size_t i = 0; i < plan.steps.size(); i += at_once)
    groups.push_back({"several", i, std::min(at_once, plan.steps.size() - i)});
  return groups;
}

}  // namespace

TEST(memory_of_random_plans) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    check::at() = "seed " + std::to_string(seed);
    Random random(seed);
    const Job job = random_job(random);
    support::Recording backend(*support::isas()[seed % support::isas().size()]);
    const size_t at_once = 1 + seed / 2 % 4;
    if (at_once > 1) backend.fuse_by = [&](const Plan& plan) { return groups_of(plan, at_once); };
    const auto& terms = job.request.objective.terms;
    const Plan iteration = Plan::iteration(backend, job.architectures(), job.request);
    CHECK(iteration.vectors.size() == static_cast<size_t>(job.request.vectors));
    CHECK(iteration.slots == static_cast<int>(terms.size()));
    CHECK(iteration.targets.size() == terms.size());
    CHECK(iteration.groups.size() == (iteration.steps.size() + at_once - 1) / at_once);
    for (size_t t = 0; t < terms.size(); ++t)
      CHECK(iteration.targets[t].size() == (terms[t].kind == "tv" ? 0 : 1));
    check_memory(backend, iteration);
    check_iteration(iteration);
    for (int image = 0; image < 3; ++image) {
      size_t wanted = 0;
      for (const scumble::Term& term : terms) {
        for (const scumble::Target& target : term.targets) wanted += target.image == image ? 1 : 0;
      }
      const Plan collection = Plan::collect(backend, job.architectures(), job.request, image);
      CHECK(collection.targets.size() == wanted);
      CHECK(collection.steps.empty() == (wanted == 0));
      check_memory(backend, collection);
      check_collection(collection);
    }
  }
}

// Lifetimes are worth something: a deep network takes less than all its buffers side by side.
TEST(memory_is_reused) {
  Random random(1);
  const reference::Model model = vgg19(random);
  PlanRequest request;
  request.width = request.height = 64;
  request.objective = support::objective_of({"relu5_4"}, {}, 0);
  const support::Recording backend(*support::isas()[0]);
  for (const Plan& plan : {Plan::iteration(backend, {&model.architecture}, request),
                           Plan::collect(backend, {&model.architecture}, request, 0)}) {
    size_t all = 0;
    for (const Buffer& buffer : plan.buffers) all += buffer.bytes;
    CHECK(plan.bytes < all * 3 / 4);
  }
}

// One network after the other: the features of the first need not be there when the second's are made.
TEST(networks_share_memory) {
  Random random(2);
  const reference::Model model = vgg19(random);
  PlanRequest request;
  request.width = request.height = 64;
  request.objective = support::objective_of({"relu5_4"}, {}, 0);
  const support::Recording backend(*support::isas()[0]);
  const size_t one = Plan::iteration(backend, {&model.architecture}, request).bytes;
  support::add(request.objective, "content", "relu5_4", 1, {{0}}).network = 1;
  const size_t two = Plan::iteration(backend, {&model.architecture, &model.architecture}, request).bytes;
  CHECK(two < one + one / 4);
}

// Of what is given, only what iterations read stays.
TEST(targets_that_only_preparation_reads) {
  Random random(3);
  const reference::Model model = vgg19(random);
  PlanRequest request;
  request.width = request.height = 64;
  support::add(request.objective, "nearest-field", "relu2_1", 1, {{0, 1, -1, true}, {1}});
  const support::Recording backend(*support::isas()[0]);
  const Plan plan = Plan::iteration(backend, {&model.architecture}, request);
  const Buffer& content = plan.buffer(plan.targets[0][0]);
  const Buffer& style = plan.buffer(plan.targets[0][1]);
  CHECK(content.first == 0 && content.last < static_cast<int>(plan.preparation));
  CHECK(style.first == 0 && style.last == static_cast<int>(plan.groups.size()));
}

TEST(estimate_covers_a_session) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    check::at() = "seed " + std::to_string(seed);
    Random random(seed);
    const Job job = random_job(random);
    scumble::SessionOptions options;
    options.rounding = job.request.rounding;
    options.objective = job.request.objective;
    options.optimizer.history = random.integer(1, 4);
    options.details = job.request.details;
    if (seed % 2 == 0) options.optimizer.kind = scumble::OptimizerKind::adam;
    const std::vector<float> pixels(80 * 80 * 3, 100);
    const std::vector<float> mask(80 * 80, 0.5);
    scumble::SessionImages images;
    images.start = support::view(pixels, job.request.width, job.request.height);
    images.targets = {images.start, support::view(pixels, 80, 75), support::view(pixels, 3, 5)};
    images.masks = {support::mask_view(mask, 80, 80), support::mask_view(mask, 3, 7)};
    const support::Recording backend(*support::isas()[seed % support::isas().size()]);
    const auto estimate = scumble::Session::estimate(backend, job.architectures(), options, images);
    CHECK(backend.plans.empty());
    scumble::Networks networks;
    size_t network_bytes = 0;
    for (const reference::Model& model : job.models) {
      networks.push_back(backend.load(model.architecture, model.weights));
      network_bytes += networks.back()->bytes();
    }
    const scumble::Session session(backend, networks, options, images, support::running());
    CHECK(estimate.network == network_bytes);
    size_t largest = 0;
    for (const Plan& plan : backend.plans) {
      largest = std::max(largest, backend.program_bytes(plan, options.threads));
    }
    CHECK(largest <= estimate.session);
    CHECK(session.bytes() == backend.program_bytes(backend.plans.back(), options.threads));
  }
}

// A backend that does not know an operation says so before it runs.
TEST(operations) {
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  std::set<std::string> emitted;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const Job job = random_job(random);
    scumble::Networks networks;
    for (const reference::Model& model : job.models)
      networks.push_back(backend.load(model.architecture, model.weights));
    std::vector<Plan> plans = {Plan::iteration(backend, job.architectures(), job.request)};
    for (int image = 0; image < 3; ++image)
      plans.push_back(Plan::collect(backend, job.architectures(), job.request, image));
    for (const Plan& plan : plans) {
      for (const Step& step : plan.steps) emitted.emplace(step.op);
      backend.compile(networks, plan, 1);
    }
  }
  // All that plan.h tells of.
  CHECK(emitted == (std::set<std::string>{"input",      "conv",          "relu",          "pool",
                                          "weigh",      "gram_sums",     "gram",          "channel_sums",
                                          "mean_std",   "histogram",     "quantiles",     "difference",
                                          "tv",         "conv_back",     "relu_back",     "pool_back",
                                          "input_back", "gram_back",     "mean_std_back", "histogram_back",
                                          "laplacian",  "laplacian_back"}));
  PlanRequest request;
  request.width = request.height = 3;
  support::add_tv(request.objective, 1);
  Plan plan = Plan::iteration(backend, {}, request);
  plan.steps[0].op = "turn";
  CHECK_THROWS(InvalidArgument, backend.compile({}, plan, 1));
  CHECK_THROWS(InvalidArgument, backend.program_bytes(plan, 1));
}

TEST(impossible_requests) {
  Random random(1);
  const reference::Model model = vgg19(random);
  const support::Recording backend(*support::isas()[0]);
  const auto request = [](int width, int height, const std::string& content, const std::string& style) {
    PlanRequest made;
    made.width = width;
    made.height = height;
    if (!content.empty()) support::add(made.objective, "content", content, 1, {{0}});
    if (!style.empty()) support::add(made.objective, "gram", style, 1, {{0}});
    if (content.empty() && style.empty()) support::add_tv(made.objective, 1);
    return made;
  };
  for (const PlanRequest& bad :
       {request(64, 64, "relu6_1", ""), request(64, 64, "", "conv1_3"), request(64, 64, "input", ""),
        request(64, 64, "", "relu1_1 "), request(0, 64, "", ""), request(64, 0, "", ""),
        request(-1, 64, "", ""), request(64, 1, "pool1", ""), request(15, 64, "", "relu5_1"),
        request(64, 31, "pool5", "")}) {
    CHECK_THROWS(InvalidArgument, Plan::iteration(backend, {&model.architecture}, bad));
    CHECK_THROWS(InvalidArgument, Plan::collect(backend, {&model.architecture}, bad, 0));
  }
  for (const PlanRequest& good : {request(1, 1, "relu1_2", ""), request(16, 17, "", "relu5_1"),
                                  request(32, 33, "pool5", ""), request(1, 1, "", "")}) {
    CHECK(Plan::iteration(backend, {&model.architecture}, good).bytes > 0);
  }
}

// The boundary of what a plan takes.
TEST(smallest_sizes) {
  Random random(1);
  const reference::Model model = vgg19(random);
  const support::Recording backend(*support::isas()[0]);
  int smallest = 1;
  for (const auto& layer : layers_of(model.architecture)) {
    if (layer.kind == scumble::LayerKind::pool) smallest *= 2;
    PlanRequest request;
    request.objective = support::objective_of({}, {layer.name}, 0);
    request.width = 100;
    request.height = smallest;
    CHECK(Plan::iteration(backend, {&model.architecture}, request).bytes > 0);
    request.height = smallest - 1;
    CHECK_THROWS(InvalidArgument, Plan::iteration(backend, {&model.architecture}, request));
    request.rounding = Rounding::ceil;
    request.height = 1;
    CHECK(Plan::iteration(backend, {&model.architecture}, request).bytes > 0);
  }
  CHECK(smallest == 32);
}

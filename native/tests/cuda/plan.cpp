// Plans as the CUDA backend runs them: it has every operation that the core emits, and makes at once what belongs
// together.
#include <set>

#include "../../cpp/core/backends.h"
#include "../../cpp/core/error.h"
#include "../../cpp/core/layer_costs.h"
#include "../../cuda/host/operation.h"
#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else
using scumble::Plan;

namespace {

// One line: the groups' names.
std::string groups_of(const Plan& plan) {
  std::string names;
  for (const scumble::Group& group : plan.groups) names += std::string(group.op) + " ";
  return names;
}

// Every step is in one group, in order.
void check_groups(const Plan& plan) {
  size_t next = 0;
  for (const scumble::Group& group : plan.groups) {
    CHECK(group.first == next && group.count > 0);
    next += group.count;
    scumble::cuda::operation(group.op);
  }
  CHECK(next == plan.steps.size());
}

scumble::PlanRequest request_of(const Objective& objective) {
  scumble::PlanRequest request;
  request.width = request.height = 12;
  request.objective = objective;
  request.vectors = 3;
  return request;
}

}  // namespace

TEST(every_operation_is_there) {
  const std::vector<CudaBackend> backends = {CudaBackend(0, Arithmetic::float32),
                                             CudaBackend(0, Arithmetic::bf16)};
  std::set<std::string> emitted;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Case of = random_objective(seed);
    scumble::Architectures networks = {&of.model.architecture};
    if (of.second) networks.push_back(&of.second->architecture);
    scumble::PlanRequest request = request_of(of.objective);
    request.rounding = Rounding::ceil;
    for (const CudaBackend& backend : backends) {
      std::vector<Plan> plans = {Plan::iteration(backend, networks, request)};
      for (int image = 0; image < 3; ++image)
        plans.push_back(Plan::collect(backend, networks, request, image));
      for (const Plan& plan : plans) {
        check_groups(plan);
        for (const scumble::Step& step : plan.steps) emitted.emplace(step.op);
      }
    }
  }
  for (const std::string& op : emitted) scumble::cuda::operation(op);
  CHECK(emitted.size() == 20);
  const CudaBackend& backend = backends[0];
  Objective tv;
  support::add_tv(tv, 1);
  Plan plan = Plan::iteration(backend, {}, request_of(tv));
  plan.steps[0].op = plan.groups[0].op = "turn";
  CHECK_THROWS(scumble::InvalidArgument, backend.compile({}, plan, 1));
}

TEST(what_is_made_at_once) {
  Random random(1);
  const reference::Model model = narrow_vgg(random, 3, 2, 8);
  const auto iteration = [&](Arithmetic precision, const Objective& objective) {
    const CudaBackend backend(0, precision);
    return groups_of(Plan::iteration(backend, {&model.architecture}, request_of(objective)));
  };
  const Objective usual = support::objective_of({"relu2_2"}, {"relu1_1", "relu2_1"}, 1e-3);
  const std::string back =
      "difference gram_back conv_back conv_back pool_back gram_back conv_back conv_back "
      "input_back ";
  CHECK(iteration(Arithmetic::bf16, usual) ==
        "tv input first_two_pool conv gram_sums gram_difference conv " + back);
  CHECK(iteration(Arithmetic::float32, usual) ==
        "tv input conv gram_sums gram_difference conv_pool conv gram_sums gram_difference conv " + back);
  // Something else stands between, or looks at what would not be kept.
  const std::string without = iteration(Arithmetic::bf16, support::objective_of({}, {"relu1_1"}, 0));
  CHECK(without.find("first_two") == std::string::npos);
  CHECK(iteration(Arithmetic::bf16, support::objective_of({"relu1_2"}, {}, 0)).find("input first_two ") == 0);
  Objective guided = support::objective_of({"relu1_2"}, {"relu1_1"}, 0);
  guided.terms[1].mask = 0;
  CHECK(iteration(Arithmetic::bf16, guided).find("input conv weigh gram_sums gram_difference conv ") == 0);
  Objective moments = support::objective_of({"relu1_2"}, {}, 0);
  support::add(moments, "mean-std", "relu1_1", 1, {{0}});
  CHECK(iteration(Arithmetic::bf16, moments).find("input conv channel_sums mean_std difference conv ") == 0);
}

TEST(cuda_goes_by_its_name) {
  const scumble::BackendKind* const cuda = scumble::find_backend("cuda");
  CHECK(cuda != nullptr);
  CHECK(cuda->devices().problem.empty());
  CHECK(!cuda->devices().found.empty());
  Job of = make(Pooling::max, {6, 7}, 4, 2);
  scumble::Session session = of.start(*cuda->open(0, scumble::Precision::exact));
  scumble::Session mine = of.start(CudaBackend(0, Arithmetic::float32));
  CHECK(session.step(support::running()).total == mine.step(support::running()).total);
  cuda->use_portable_kernels(0, true);
  CHECK(scumble::cuda::kernels_of(0) == scumble::cuda::KernelSet::portable);
  cuda->use_portable_kernels(0, false);
  CHECK(scumble::cuda::kernels_of(0) == scumble::cuda::KernelSet::fast);
  CHECK_THROWS(scumble::InvalidArgument, cuda->open(99, scumble::Precision::fast));
}

// Layer by layer as on the CPU, also where the first two convolutions are made at once.
TEST(cuda_costs_of_every_layer) {
  Random random(31);
  const reference::Model model = support::random_model(random, {2, 1}, [] { return 64; });
  scumble::FeatureRequest request;
  request.threads = 1;
  const auto costs_on = [&](const scumble::Backend& backend) {
    const auto network = backend.load(model.architecture, model.weights);
    return layer_costs(backend, network, request, 18, 12, 1, support::running());
  };
  const auto expected = costs_on(cpu_backend());
  for (const Arithmetic precision : {Arithmetic::float32, Arithmetic::bf16}) {
    const auto costs = costs_on(CudaBackend(0, precision));
    CHECK(costs.size() == expected.size());
    for (size_t i = 0; i < costs.size(); ++i) {
      CHECK(costs[i].name == expected[i].name);
      CHECK(costs[i].shape.elements() == expected[i].shape.elements());
      CHECK(costs[i].bytes > 0);
      CHECK(costs[i].seconds >= 0);
    }
  }
}

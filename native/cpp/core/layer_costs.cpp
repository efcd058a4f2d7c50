#include "layer_costs.h"

#include <algorithm>

#include "noise.h"

namespace scumble {
namespace {

// Of a convolution done directly; other steps have none.
double products(const Plan& plan, const Step& step) {
  if (step.op != "conv") return 0;
  const Shape& in = plan.buffer(step.in).shape;
  const Shape& out = plan.buffer(step.out).shape;
  return static_cast<double>(out.positions()) * in.channels * out.channels;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<LayerCost> layer_costs(const Backend& backend, const std::shared_ptr<const Network>& network,
                                   FeatureRequest request, int width, int height, int passes,
                                   const std::atomic<bool>& cancelled) {
  const Architecture& architecture = network->architecture();
  request.layers = {layers_of(architecture).back().name};
  const Plan plan = features_plan(backend, {&architecture}, request, width, height);
  const std::unique_ptr<Program> program = backend.compile({network}, plan, request.threads);
  const std::vector<float> picture = white_noise(width, height, {127.5f, 127.5f, 127.5f}, 64, 1);
  program->write(plan.picture, picture.data());

  std::vector<std::vector<double>> times(plan.groups.size());
  program->time(cancelled);
  for (int pass = 0; pass < passes; ++pass) {
    const std::vector<double> seconds = program->time(cancelled);
    for (size_t g = 0; g < seconds.size(); ++g) times[g].push_back(seconds[g]);
  }

  std::vector<LayerCost> costs;
  int block = 0;
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const Group& group = plan.groups[g];
    double all = 0;
    for (size_t i = group.first; i < group.first + group.count; ++i) all += products(plan, plan.steps[i]);
    for (size_t i = group.first; i < group.first + group.count; ++i) {
      const Step& step = plan.steps[i];
      LayerCost cost;
      if (step.op == "conv") {
        const Convolution& conv = architecture.convolutions[static_cast<size_t>(step.convolution)];
        cost.name = "conv" + conv.suffix();
        block = conv.block;
      } else {
        cost.name = step.op == "pool" ? "pool" + std::to_string(block) : std::string(step.op);
      }
      cost.shape = plan.buffer(step.out).shape;
      cost.bytes = plan.buffer(step.out).bytes;
      const double share = all > 0 ? products(plan, step) / all : 1.0 / static_cast<double>(group.count);
      cost.seconds = median(times[g]) * share;
      costs.push_back(cost);
    }
  }
  return costs;
}

}  // namespace scumble

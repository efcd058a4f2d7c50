#include "recognition.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "arena.h"
#include "error.h"

namespace scumble {

Recognition Graph::recognition() {
  std::vector<Look> looks = looks_at(0);
  std::vector<Node> nodes = chain(0, looks);
  for (size_t n = 0; n < nodes.size(); ++n) forward(0, nodes, n);
  plan_.preparation = plan_.steps.size();

  Recognition made;
  made.logits = nodes.back().features;
  made.given = made.gradient = tensor(nodes.back().shape);
  plan_.buffers[static_cast<size_t>(made.given)].given = true;
  for (size_t n = nodes.size(); nodes[--n].kind != LayerKind::conv;) {
    const Node& before = nodes[n - 1];
    Writing writing;
    writing.left = 1;
    if (before.fused_relu && before.kind == LayerKind::dense) writing.mask = before.features;
    writing.gradient = tensor(before.shape);
    write(writing, back(0, before, nodes[n], made.gradient));
    made.gradient = writing.gradient;
    made.features = before.features;
  }
  // What the way there makes and the way back reads outlives both.
  std::set<BufferId> kept = {made.logits, made.given, made.features, made.gradient};
  for (size_t i = plan_.preparation; i < plan_.steps.size(); ++i) {
    for (const BufferId id : plan_.steps[i].buffers()) kept.insert(id);
  }
  kept.erase(kNoBuffer);
  for (const BufferId id : kept) persistent(id);
  made.plan = std::move(plan_);
  return made;
}

namespace {

Recognition recognition_of(const Backend& backend, const Architecture& architecture, int width, int height) {
  if (architecture.dense.empty()) throw InvalidArgument("the network has no classifier");
  PlanRequest request;
  request.width = width;
  request.height = height;
  Term term;
  term.name = "classes";
  term.kind = "content";
  term.layers = {layers_of(architecture).back().name};
  term.targets.push_back({});
  request.objective.terms.push_back(term);
  const Architectures networks = {&architecture};
  Graph graph(backend, networks, request);
  Recognition made = graph.recognition();
  made.plan.groups = backend.fuse(made.plan);
  place(made.plan, graph.persistent());
  return made;
}

std::vector<float> read(const Program& program, const Plan& plan, BufferId from) {
  std::vector<float> values(plan.buffer(from).shape.elements());
  program.read(from, values.data());
  return values;
}

// Of every channel, over all positions.
std::vector<double> means(const std::vector<float>& values, size_t channels) {
  std::vector<double> sums(channels);
  for (size_t i = 0; i < values.size(); ++i) sums[i % channels] += static_cast<double>(values[i]);
  const double positions = static_cast<double>(values.size()) / static_cast<double>(channels);
  for (double& sum : sums) sum /= positions;
  return sums;
}

std::vector<float> heat_of(const std::vector<float>& features, const std::vector<double>& weights) {
  std::vector<float> heat(features.size() / weights.size());
  for (size_t p = 0; p < heat.size(); ++p) {
    double sum = 0;
    for (size_t c = 0; c < weights.size(); ++c)
      sum += weights[c] * static_cast<double>(features[p * weights.size() + c]);
    heat[p] = static_cast<float>(std::max(0.0, sum));
  }
  return heat;
}

}  // namespace

Recognized recognize(const Backend& backend, const std::shared_ptr<const Network>& network, int top,
                     int threads, const PictureView& picture, const std::atomic<bool>& cancelled) {
  const Recognition of = recognition_of(backend, network->architecture(), picture.width, picture.height);
  const Plan& plan = of.plan;
  const std::unique_ptr<Program> program = backend.compile({network}, plan, threads);
  program->write(plan.picture, picture.data);
  program->prepare(cancelled);

  const Shape& outputs = plan.buffer(of.logits).shape;
  const Shape& grid = plan.buffer(of.features).shape;
  const size_t classes = static_cast<size_t>(outputs.channels);
  Recognized found;
  found.logits = means(read(*program, plan, of.logits), classes);
  if (!std::all_of(found.logits.begin(), found.logits.end(), [](double v) { return std::isfinite(v); }))
    throw InvalidArgument("what the network makes of the picture is not finite");
  std::vector<int> order(classes);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return found.logits[static_cast<size_t>(a)] > found.logits[static_cast<size_t>(b)];
  });
  order.resize(std::min(classes, static_cast<size_t>(top)));

  found.height = grid.height;
  found.width = grid.width;
  const std::vector<float> features = read(*program, plan, of.features);
  const float share = 1 / static_cast<float>(outputs.positions());
  for (const int index : order) {
    std::vector<float> given(outputs.elements());
    for (size_t p = 0; p < outputs.positions(); ++p) given[p * classes + static_cast<size_t>(index)] = share;
    program->write(of.given, given.data());
    program->run(nullptr, cancelled, 0);
    const std::vector<double> weights =
        means(read(*program, plan, of.gradient), static_cast<size_t>(grid.channels));
    found.likely.push_back({index, heat_of(features, weights)});
  }
  return found;
}

size_t recognition_bytes(const Backend& backend, const Architecture& architecture, int threads, int width,
                         int height) {
  const Recognition of = recognition_of(backend, architecture, width, height);
  // And the features on the host.
  return backend.program_bytes(of.plan, threads) +
         of.plan.buffer(of.features).shape.elements() * sizeof(float);
}

}  // namespace scumble

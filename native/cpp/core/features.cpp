#include "features.h"

#include "targets.h"

namespace scumble {
namespace {

// What a content term would have as its target: the features themselves.
Setup setup_of(const FeatureRequest& request) {
  Setup setup;
  setup.pooling = request.pooling;
  setup.rounding = request.rounding;
  setup.threads = request.threads;
  for (const std::string& layer : request.layers) {
    Term term;
    term.name = layer;
    term.kind = "content";
    term.layers = {layer};
    term.targets.push_back({});
    setup.objective.terms.push_back(term);
  }
  return setup;
}

}  // namespace

Plan features_plan(const Backend& backend, const Architectures& networks, const FeatureRequest& request,
                   int width, int height) {
  return Plan::collect(backend, networks, request_of(setup_of(request), width, height), 0);
}

std::vector<Features> features_of(const Backend& backend, const std::shared_ptr<const Network>& network,
                                  const FeatureRequest& request, const PictureView& image,
                                  const std::atomic<bool>& cancelled) {
  const Networks networks = {network};
  const Plan plan = features_plan(backend, architectures_of(networks), request, image.width, image.height);
  std::vector<TargetValues> values = collect(backend, networks, setup_of(request), {}, image, 0, cancelled);
  std::vector<Features> found;
  for (size_t i = 0; i < values.size(); ++i)
    found.push_back({plan.buffer(plan.targets[i].front()).shape, std::move(values[i].front())});
  return found;
}

size_t features_bytes(const Backend& backend, const Architecture& architecture, const FeatureRequest& request,
                      int width, int height) {
  const Plan plan = features_plan(backend, {&architecture}, request, width, height);
  size_t bytes = backend.program_bytes(plan, request.threads);
  for (const std::vector<BufferId>& ids : plan.targets)
    bytes += plan.buffer(ids.front()).shape.elements() * sizeof(float);
  return bytes;
}

}  // namespace scumble

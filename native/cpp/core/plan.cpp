#include "plan.h"

#include "arena.h"
#include "backend.h"
#include "graph.h"

namespace scumble {
namespace {

Plan placed(const Backend& backend, Plan plan, const std::vector<BufferId>& persistent) {
  plan.groups = backend.fuse(plan);
  place(plan, persistent);
  return plan;
}

}  // namespace

Plan Plan::iteration(const Backend& backend, const Architectures& networks, const PlanRequest& request) {
  Graph graph(backend, networks, request);
  Plan plan = graph.iteration();
  return placed(backend, std::move(plan), graph.persistent());
}

Plan Plan::collect(const Backend& backend, const Architectures& networks, const PlanRequest& request,
                   int image) {
  Graph graph(backend, networks, request);
  Plan plan = graph.collect(image);
  return placed(backend, std::move(plan), graph.persistent());
}

}  // namespace scumble

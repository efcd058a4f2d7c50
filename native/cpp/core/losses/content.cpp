// Content (Gatys, Ecker, Bethge 2015, equation 1, as a mean): w * mean over C*M of (F - P)^2, where P are the
// features of the target image.
#include "loss.h"

namespace scumble {
namespace {

class Content final : public Loss {
 public:
  bool target_has_size_of_picture() const override { return true; }

  std::vector<BufferId> describe(Graph&, const Site& at) const override { return {at.features}; }

  void measure(Graph&, Site&) const override {}  // together with its gradient

  void differentiate(Graph& graph, Site& at) const override {
    const double n = static_cast<double>(at.shape.elements());
    Step step{};
    step.op = "difference";
    step.in = at.features;
    step.other = graph.target(at, BufferKind::tensor, at.shape);
    step.slot = at.slot;
    step.loss_scale = at.term->weight / n;
    step.scale = 2 * at.term->weight / n;
    graph.contribute(step);
  }
};

const LossKind kContent("content", std::make_unique<Content>());

}  // namespace
}  // namespace scumble

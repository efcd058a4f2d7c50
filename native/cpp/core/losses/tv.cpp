// Total variation of the picture in 0..255: w * (sum |dx| + sum |dy|), as neural-style-pt has it.
//
//   tv              in: picture; out: scale * the gradient of what is summed; loss: loss_scale * the sum
#include "loss.h"

namespace scumble {
namespace {

class TotalVariation final : public Loss {
 public:
  bool has_target() const override { return false; }
  bool looks_at_layer() const override { return false; }

  std::vector<BufferId> describe(Graph&, const Site&) const override { return {}; }
  void measure(Graph&, Site&) const override {}  // together with its gradient

  void differentiate(Graph& graph, Site& at) const override {
    Step step{};
    step.op = "tv";
    step.in = at.features;
    step.slot = at.slot;
    step.loss_scale = step.scale = at.term->weight;
    graph.contribute(step);
  }
};

const LossKind kTotalVariation("tv", std::make_unique<TotalVariation>());

}  // namespace
}  // namespace scumble

// Channel means and standard deviations (the terms that Bouaziz & Galerne 2024, "Scaling Painting Style
// Transfer", add to the Gram matrix, whose objective says nothing of either by itself): w * (mean over C of
// (mu - mu_T)^2 + mean over C of (sigma - sigma_T)^2), with sigma^2 the mean square of F - mu.
//
//   channel_sums    in: features, guide or none; out (working): per channel, sums of F and of F^2 over `rows`,
//                   weighted by the guide's square; adds to what is there if `accumulate`
//   mean_std        in: those sums; out: scale * the first, and the standard deviation
//   mean_std_back   in: features, statistic: their mean and deviation, other: the gradient of both, guide; out:
//                   scale * the gradient of the features
#include "statistics.h"

namespace scumble {
namespace {

class MeanStd final : public Loss {
 public:
  bool takes_masks() const override { return true; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    return {mean_std_of(graph, at)};
  }

  void measure(Graph& graph, Site& at) const override {
    const double c = at.shape.channels;
    const Shape shape{at.shape.channels, 2, 1};
    Step step{};
    step.op = "difference";
    step.in = mean_std_of(graph, at);
    step.other = graph.target(at, BufferKind::dense, shape);
    step.out = graph.dense(shape);
    step.slot = at.slot;
    step.loss_scale = at.term->weight / c;
    step.scale = 2 * at.term->weight / c;
    graph.emit(step);
    at.kept = {step.in, step.out};
  }

  void differentiate(Graph& graph, Site& at) const override {
    Step step{};
    step.op = "mean_std_back";
    step.in = at.features;
    step.guide = at.guide;
    step.statistic = at.kept[0];
    step.other = at.kept[1];
    step.scale = 1 / static_cast<double>(at.shape.positions());
    graph.contribute(step);
  }
};

const LossKind kMeanStd("mean-std", std::make_unique<MeanStd>());

}  // namespace
}  // namespace scumble

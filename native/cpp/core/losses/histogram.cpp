// Histograms (Risser, Wilmot, Barnes 2017, "Stable and Controllable Neural Texture Synthesis and Style
// Transfer Using Histogram Losses", equation 8): w * mean over C*M of (F - R(F))^2, where R maps each
// channel's values to those of the target with the same rank. As there, R is held constant when
// differentiating.
//
//   histogram       in: features; out: per channel, as below
//   quantiles       in: a histogram; out: per channel, its quantiles
//   histogram_back  in: features, statistic: their histogram, other: quantiles; out: scale * (F - R(F)); loss:
//                   loss_scale * the sum of its square
#include "loss.h"

namespace scumble {
namespace {

// Of a channel's histogram: its lowest value, its highest, and how many values lie around each of this many
// points between them. A value counts for its two neighbours by nearness, so that ranks move smoothly.
constexpr int kBins = 256;
constexpr int kQuantiles = 256;  // at the ranks (i + 1/2) / 256

BufferId histogram_of(Graph& graph, const Site& at) {
  Step step{};
  step.op = "histogram";
  step.in = at.features;
  step.out = graph.dense({at.shape.channels, 2 + kBins, 1});
  step.scratch = graph.working(step.op, at.shape);
  graph.emit(step);
  return step.out;
}

class Histogram final : public Loss {
 public:
  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    Step step{};
    step.op = "quantiles";
    step.in = histogram_of(graph, at);
    step.out = graph.dense({at.shape.channels, kQuantiles, 1});
    graph.emit(step);
    return {step.out};
  }

  void measure(Graph& graph, Site& at) const override { at.kept = {histogram_of(graph, at)}; }

  void differentiate(Graph& graph, Site& at) const override {
    const double n = static_cast<double>(at.shape.elements());
    Step step{};
    step.op = "histogram_back";
    step.in = at.features;
    step.statistic = at.kept[0];
    step.other = graph.target(at, BufferKind::dense, {at.shape.channels, kQuantiles, 1});
    step.slot = at.slot;
    step.loss_scale = at.term->weight / n;
    step.scale = 2 * at.term->weight / n;
    graph.contribute(step);
  }
};

const LossKind kHistogram("histogram", std::make_unique<Histogram>());

}  // namespace
}  // namespace scumble

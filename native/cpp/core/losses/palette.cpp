// Palette (Kolkin, Salavon, Shakhnarovich 2019, section 2.3): the relaxed earth mover's distance, as
// relaxed_emd.cpp has it, of colours in 0..1, with C_ij = 1 - cos(X_i, Y_j) + sqrt(max(|X_i - Y_j|^2, 1e-5) / 3). There
// colours are decorrelated first, by a matrix that is a rotation: neither cosines nor distances notice it, so there is none
// here.
//
//   colour_costs       in: rows X, other: rows Y; out: their costs
//   match              as relaxed_emd.cpp has it
//   colour_match_back  in: what match made, other: Y, statistic: X; out: scale * the gradient of the mean cost
#include "relaxed_emd.h"

namespace scumble {
namespace {

class Palette final : public Loss {
 public:
  bool looks_at_layer() const override { return false; }
  bool joins_targets() const override { return true; }
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"samples", "styleSamples"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const int count = style_samples_of(graph, at, at.target->blend);
    return {sample(graph, at, draw(graph, at, count, graph.seed(at)), count)};
  }

  void measure(Graph& graph, Site& at) const override {
    const int count = samples_of(graph, at);
    const int others = all_style_samples_of(graph, at);
    const BufferId positions = draw(graph, at, count, graph.seed(at));
    Step costs{};
    costs.op = "colour_costs";
    costs.in = sample(graph, at, positions, count);
    costs.other = graph.target(at, BufferKind::dense, {3, others, 1});
    costs.out = graph.dense({others, count, 1});
    graph.emit(costs);
    Step back{};
    back.op = "colour_match_back";
    back.in = match_of(graph, at, costs.out, count, others, 0);
    back.other = costs.other;
    back.statistic = costs.in;
    back.out = graph.dense({3, count, 1});
    back.scale = at.term->weight;
    graph.emit(back);
    at.kept = {back.out, positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kPalette("palette", std::make_unique<Palette>());

}  // namespace
}  // namespace scumble

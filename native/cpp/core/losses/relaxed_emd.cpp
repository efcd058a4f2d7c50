// Relaxed earth mover's distance (Kusner et al. 2015; as a style loss: Kolkin, Salavon, Shakhnarovich 2019, "Style Transfer
// by Relaxed Optimal Transport and Self-Similarity", equations 3 to 5): w * max(mean over i of min over j of C_ij, mean over j
// of min over i of C_ij), where C_ij = 1 - cos(X_i, Y_j), X the picture's hypercolumns at positions drawn anew in every
// evaluation and Y the style images', drawn once. The nearest are held constant when differentiating, as the
// minimum's own gradient does.
//
//   match           in: costs, rows by columns; out: the best column of every row, the best row of every column, and which of
//                   both counts; loss: loss_scale * (scale + the larger mean of the least costs)
//   match_back      in: that, other: rows Y; out: scale * the mean, over the pairs that count, of Y_j, at row i
#include "relaxed_emd.h"

namespace scumble {
namespace {

class RelaxedEmd final : public Loss {
 public:
  bool looks_at_several() const override { return true; }
  bool joins_targets() const override { return true; }
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"samples", "styleSamples"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const int count = style_samples_of(graph, at, at.target->blend);
    const BufferId samples = sample(graph, at, draw(graph, at, count, graph.seed(at)), count);
    return {unit_rows(graph, samples, {channels_of(at), count, 1})};
  }

  void measure(Graph& graph, Site& at) const override {
    const int count = samples_of(graph, at);
    const int others = all_style_samples_of(graph, at);
    const Shape shape{channels_of(at), count, 1};
    const BufferId positions = draw(graph, at, count, graph.seed(at));
    const BufferId samples = sample(graph, at, positions, count);
    Step costs{};
    costs.op = "multiply";
    costs.in = unit_rows(graph, samples, shape);
    costs.other = graph.target(at, BufferKind::dense, {channels_of(at), others, 1});
    costs.out = graph.dense({others, count, 1});
    costs.transpose_other = true;
    costs.scale = -1;
    graph.emit(costs);
    Step back{};
    back.op = "match_back";
    back.in = match_of(graph, at, costs.out, count, others, 1);
    back.other = costs.other;
    back.out = graph.dense(shape);
    back.scale = -at.term->weight;
    graph.emit(back);
    at.kept = {unit_rows_back(graph, back.out, samples, shape), positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kRelaxedEmd("relaxed-emd", std::make_unique<RelaxedEmd>());

}  // namespace

BufferId match_of(Graph& graph, const Site& at, BufferId costs, int count, int others, double scale) {
  Step match{};
  match.op = "match";
  match.in = costs;
  match.out = graph.dense({1, count + others + 1, 1});
  match.scale = scale;
  match.slot = at.slot;
  match.loss_scale = at.term->weight;
  graph.emit(match);
  return match.out;
}

}  // namespace scumble

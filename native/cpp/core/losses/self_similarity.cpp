// Self-similarity (Kolkin, Salavon, Shakhnarovich 2019, equation 8): w / N * sum over i, j of |D_ij - T_ij|, where D_ij = d_ij
// / sum over k of d_kj, d_ij = 1 - cos(X_i, X_j), X the picture's hypercolumns at N positions and T the same of the content
// image at the same positions.
//
// Positions that are drawn anew in every evaluation would need all of the content's layers in memory, 300 floats a
// pixel and more, and a second product in every evaluation. What is compared depends on the content by N x N numbers
// only. So there are eight sets of positions, drawn once, each spread evenly over the picture; of each T is
// made when targets are collected (8 N^2 floats, 32 MiB at most by default), and every evaluation takes one of the sets by lot.
// Positions are part of the target, so that both images are looked at in the same places whatever masks them.
//
//   choose           in: sets one after the other; out: one of them by lot, drawn by `seed` anew in every evaluation
//   distance_shares  in: cosines; out: D, from row first_row on
//   self_similarity  in: cosines, other: the T of all sets, of which the same one is taken; out: scale * the gradient of the
//                    sum with respect to cosines + its transpose, scratch: of its size; loss: loss_scale * the sum
#include "../error.h"
#include "hypercolumns.h"

namespace scumble {
namespace {

constexpr int kSets = 8;

BufferId cosines_of(Graph& graph, BufferId units, int count) {
  Step step{};
  step.op = "multiply";
  step.in = step.other = units;
  step.out = graph.dense({count, count, 1});
  step.transpose_other = step.symmetric = true;
  step.scale = 1;
  graph.emit(step);
  return step.out;
}

class SelfSimilarity final : public Loss {
 public:
  bool looks_at_several() const override { return true; }
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"samples"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const int count = samples_of(graph, at);
    const BufferId positions = draw(graph, at, kSets * count, graph.seed(at));
    const BufferId shares = graph.dense({count, kSets * count, 1});
    for (int set = 0; set < kSets; ++set) {
      const BufferId samples = sample(graph, at, positions, count, set * count);
      Step step{};
      step.op = "distance_shares";
      step.in = cosines_of(graph, unit_rows(graph, samples, {channels_of(at), count, 1}), count);
      step.out = shares;
      step.first_row = set * count;
      graph.emit(step);
    }
    return {positions, shares};
  }

  void measure(Graph& graph, Site& at) const override {
    if (at.term->targets.size() > 1)
      throw InvalidArgument("the term \"" + at.term->name + "\" (self-similarity) takes one target image");
    const int count = samples_of(graph, at);
    const Shape shape{channels_of(at), count, 1};
    const Shape matrix{count, count, 1};
    Step choose{};
    choose.op = "choose";
    choose.in = graph.target(at, BufferKind::dense, {2, kSets * count, 1});
    choose.out = graph.dense({2, count, 1});
    choose.seed = graph.seed(at);
    graph.emit(choose);
    const BufferId samples = sample(graph, at, choose.out, count);
    const BufferId units = unit_rows(graph, samples, shape);
    Step step{};
    step.op = "self_similarity";
    step.in = cosines_of(graph, units, count);
    step.other = graph.target(at, BufferKind::dense, {count, kSets * count, 1});
    step.scratch = graph.dense(matrix);
    step.out = graph.dense(matrix);
    step.seed = choose.seed;
    step.slot = at.slot;
    step.scale = step.loss_scale = at.term->weight / count;
    graph.emit(step);
    Step back{};
    back.op = "multiply";
    back.in = step.out;
    back.other = units;
    back.out = graph.dense(shape);
    back.scale = 1;
    graph.emit(back);
    at.kept = {unit_rows_back(graph, back.out, samples, shape), choose.out};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kSelfSimilarity("self-similarity", std::make_unique<SelfSimilarity>());

}  // namespace
}  // namespace scumble

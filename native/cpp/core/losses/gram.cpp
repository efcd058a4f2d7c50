// Style (Gatys, Ecker, Bethge 2015, equations 3 to 5, as a mean): w * mean over C^2 of (G - T)^2, where G =
// sum over positions of F F^T / (C*M) and T is the target images'. With a mask the sum is weighted (guided
// Gram matrices: Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 4).
//
//   gram_sums       in: features; out (working): sums over positions of F F^T, over `rows`; adds to what is
//                   there if `accumulate`
//   gram            in: those sums; out: scale * them
//   gram_back       in: features F, other: S (symmetric); out: S F
#include "loss.h"

namespace scumble {
namespace {

BufferId gram_of(Graph& graph, const Site& at) {
  const int channels = at.shape.channels;
  Step sums{};
  sums.op = "gram_sums";
  sums.in = graph.guided(at);
  sums.out = graph.working(sums.op, at.shape);
  sums.rows = at.shape.height;
  graph.emit(sums);
  Step gram{};
  gram.op = "gram";
  gram.in = sums.out;
  gram.out = graph.dense({channels, channels, 1});
  gram.scale = 1 / static_cast<double>(at.shape.elements());
  graph.emit(gram);
  return gram.out;
}

class Gram final : public Loss {
 public:
  bool takes_masks() const override { return true; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override { return {gram_of(graph, at)}; }

  void measure(Graph& graph, Site& at) const override {
    const int channels = at.shape.channels;
    const Shape matrix{channels, channels, 1};
    const double c = channels;
    Step step{};
    step.op = "difference";
    step.in = gram_of(graph, at);
    step.other = graph.target(at, BufferKind::dense, matrix);
    step.out = graph.dense(matrix);
    step.slot = at.slot;
    step.loss_scale = at.term->weight / (c * c);
    // dL/dF = scale * (G - T) F: 2 w / C^2 of the mean's, twice for the symmetric product, 1 / (C*M) of G's.
    step.scale = 4 * at.term->weight / (c * c * c * static_cast<double>(at.shape.positions()));
    graph.emit(step);
    at.kept = {step.out};
  }

  void differentiate(Graph& graph, Site& at) const override {
    Step step{};
    step.op = "gram_back";
    // A guide multiplies features on the way to the sums, and gradients on the way back.
    Site twice = at;
    if (at.guide != kNoBuffer) twice.features = graph.guided(at);
    step.in = graph.guided(twice);
    step.other = at.kept[0];
    step.scratch = graph.working(step.op, at.shape);
    graph.contribute(step);
  }
};

const LossKind kGram("gram", std::make_unique<Gram>());

}  // namespace
}  // namespace scumble

// Style (Gatys, Ecker, Bethge 2015, equations 3 to 5, as a mean): w * mean over C^2 of (G - T)^2, where G =
// sum over positions of F F^T / (C*M) and T is the target images'. With a mask the sum is weighted (guided
// Gram matrices: Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 4).
//
//   gram_sums       in: features; out (working): sums over positions of F F^T, over `rows`; adds to what is
//                   there if `accumulate`
//   gram            in: those sums; out: scale * them
//   gram_back       in: features F, other: S (symmetric); out: S F
#include "statistics.h"

namespace scumble {
namespace {

BufferId gram_of(Graph& graph, const Site& at) {
  return products_of(graph, at, 1 / static_cast<double>(at.shape.elements()));
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
    graph.contribute(products_back(graph, at, at.kept[0]));
  }
};

const LossKind kGram("gram", std::make_unique<Gram>());

}  // namespace
}  // namespace scumble

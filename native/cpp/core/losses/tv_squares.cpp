// Total variation of the picture in 0..255 as a sum of squares, as other programs have it. Of C = 3 channels, H rows
// and W columns:
//
//   tv-squared      w * (mean dx^2 + mean dy^2), as anishathalye/neural-style
//   tv-gradient     the gradient of w / 2 * the sum of dx^2 + dy^2 over all pixels but the last row and column, where
//                   they are neighbours only; its loss is not counted. As jcjohnson/neural-style
//   tv-diagonal     w * 2 * (mean dx^2 / 3 + mean dy^2 / 3 + mean da^2 / 12 + mean db^2 / 12), a and b the diagonals,
//                   in a picture that repeats its edge (differences across it are 0). As
//                   crowsonkb/style-transfer-pytorch, which counts in 0..1
//
//   tv_squares      in: picture; out: scale * the gradient of the sum that `variation` weighs; loss: loss_scale * it
#include "loss.h"

namespace scumble {
namespace {

constexpr double kChannels = 3;

// One over a mean's number of values, and 0 where there is none.
double share(double rows, double columns) {
  const double n = kChannels * rows * columns;
  return n > 0 ? 1 / n : 0;
}

class Squares : public Loss {
 public:
  bool has_target() const override { return false; }
  bool looks_at_layer() const override { return false; }

  std::vector<BufferId> describe(Graph&, const Site&) const override { return {}; }
  void measure(Graph&, Site&) const override {}  // together with its gradient

  void differentiate(Graph& graph, Site& at) const override {
    Step step{};
    step.op = "tv_squares";
    step.in = at.features;
    step.slot = at.slot;
    step.scale = at.term->weight;
    step.loss_scale = counts() ? at.term->weight : 0;
    step.variation = variation(at.shape.height, at.shape.width);
    graph.contribute(step);
  }

 private:
  virtual Variation variation(double height, double width) const = 0;
  virtual bool counts() const { return true; }
};

class Squared final : public Squares {
  Variation variation(double height, double width) const override {
    Variation by;
    by.across = share(height, width - 1);
    by.down = share(height - 1, width);
    return by;
  }
};

class GradientOnly final : public Squares {
  Variation variation(double, double) const override {
    Variation by;
    by.across = by.down = 0.5;
    by.inner = true;
    return by;
  }
  bool counts() const override { return false; }
};

class Diagonal final : public Squares {
  Variation variation(double height, double width) const override {
    Variation by;
    by.across = by.down = 2.0 / 3 * share(height, width);
    by.diagonal = 2.0 / 12 * share(height + 1, width + 1);
    return by;
  }
};

const LossKind kSquared("tv-squared", std::make_unique<Squared>());
const LossKind kGradientOnly("tv-gradient", std::make_unique<GradientOnly>());
const LossKind kDiagonal("tv-diagonal", std::make_unique<Diagonal>());

}  // namespace
}  // namespace scumble

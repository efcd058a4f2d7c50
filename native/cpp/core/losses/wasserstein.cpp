// The distance of two normal distributions, which features are taken for (Wasserstein-2, as the Fréchet distance;
// K. Crowson's style-transfer-pytorch has it as a style loss): w / C * (sum of (mu - mu_T)^2 + the trace of
// S + S_T - 2 (S_T^1/2 S S_T^1/2)^1/2), with S the covariance of the features plus a little of the identity:
// `regularization`, 1e-4 as there.
//
// With R = S_T^1/2 and Y = (R S R)^1/2 the loss's gradient with respect to S is w / C (I - G) with G = R Y^-1 R: the
// transport's own map, from the picture's distribution to the target's. Roots and the inverse are what a fixed number
// of Newton-Schulz iterations, 12 as there, comes to (roots.h). What they have not reached, directions in which features
// hardly vary, they leave out of the trace and bound in the gradient; features of few positions have many such, so that
// the number belongs to the definition. The inverse is that of the Y that was reached, which the trace is of.
//
//   covariance      in: mean products of features, statistic: means (and deviations); out: the covariance plus
//                   scale * I, and below it the means
//   root            in: a symmetric positive matrix, or one with rows below it; out: its square root
//   inverse         the same; out: its inverse
//   wasserstein     in: covariance and means, other: the target's, scratch: Y, statistic: G; out: scale * (I - G), and
//                   below it scale * (G mu - mu_T); loss: loss_scale * what the weight w / C above is of
//   shift           in: a gradient, other: a matrix, guide; out: in + the guide's square times its last row
#include "statistics.h"

namespace scumble {
namespace {

constexpr double kRegularization = 1e-4;

// Mean products of features, two by two, and their means and deviations.
std::vector<BufferId> moments_of(Graph& graph, const Site& at) {
  const BufferId products = products_of(graph, at, 1 / static_cast<double>(at.shape.positions()));
  return {products, mean_std_of(graph, at)};
}

Step covariance_of(Graph& graph, const Site& at, const std::vector<BufferId>& moments) {
  Step step{};
  step.op = "covariance";
  step.in = moments[0];
  step.statistic = moments[1];
  step.out = graph.dense({at.shape.channels, at.shape.channels + 1, 1});
  step.scale = at.term->parameter("regularization", kRegularization);
  return step;
}

Step root_of(Graph& graph, const char* op, BufferId in, int channels) {
  Step step{};
  step.op = op;
  step.in = in;
  step.out = graph.dense({channels, channels, 1});
  step.scratch = graph.working(step.op, {channels, channels, 1});
  return step;
}

// in * other * in, all symmetric.
BufferId between(Graph& graph, BufferId in, BufferId other, int channels) {
  Step first{};
  first.op = "multiply";
  first.in = in;
  first.other = other;
  first.out = graph.dense({channels, channels, 1});
  first.scale = 1;
  graph.emit(first);
  Step second = first;
  second.in = first.out;
  second.other = in;
  second.out = graph.dense({channels, channels, 1});
  second.symmetric = true;
  graph.emit(second);
  return second.out;
}

class Wasserstein final : public Loss {
 public:
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"regularization"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    return moments_of(graph, at);
  }

  void measure(Graph& graph, Site& at) const override {
    const int c = at.shape.channels;
    const double weight = at.term->weight / c;
    const BufferId products = graph.target(at, BufferKind::dense, {c, c, 1});
    const BufferId means = graph.target(at, BufferKind::dense, {c, 2, 1});
    const Step target = covariance_of(graph, at, {products, means});
    graph.prepare(target);
    const Step root = root_of(graph, "root", target.out, c);
    graph.prepare(root);

    const Step covariance = covariance_of(graph, at, moments_of(graph, at));
    graph.emit(covariance);
    const Step middle = root_of(graph, "root", between(graph, root.out, covariance.out, c), c);
    graph.emit(middle);
    const Step inverse = root_of(graph, "inverse", middle.out, c);
    graph.emit(inverse);
    Step step{};
    step.op = "wasserstein";
    step.in = covariance.out;
    step.other = target.out;
    step.scratch = middle.out;
    step.statistic = between(graph, root.out, inverse.out, c);
    step.out = graph.dense({c, c + 1, 1});
    step.slot = at.slot;
    step.loss_scale = weight;
    // dL/dF = 1/M (2 dL/dS F + dL/dmu), and S has -mu mu^T.
    step.scale = 2 * weight / static_cast<double>(at.shape.positions());
    graph.emit(step);
    at.kept = {step.out};
  }

  void differentiate(Graph& graph, Site& at) const override {
    Step product = products_back(graph, at, at.kept[0]);
    product.out = graph.tensor(at.shape);
    graph.emit(product);
    Step shift{};
    shift.op = "shift";
    shift.in = product.out;
    shift.other = at.kept[0];
    shift.guide = at.guide;
    graph.contribute(shift);
  }
};

const LossKind kWasserstein("wasserstein", std::make_unique<Wasserstein>());

}  // namespace
}  // namespace scumble

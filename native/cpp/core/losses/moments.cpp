// Moments (Kolkin, Salavon, Shakhnarovich 2019, equation 6): w * (mean over D of |mu - mu_T| + mean over D^2 of
// |Sigma - Sigma_T|), of hypercolumns of D channels, N of the picture at positions drawn anew in every evaluation, as
// relaxed_emd.cpp has them, with Sigma their centred covariance over N. Where a relaxed earth mover's distance of
// cosines says nothing of sizes, this does.
//
//   centre          in: rows, other: the target's means or none; out: rows - their mean, which may be those rows; statistic: the mean, and how far it
//                   is above the target's
//   moments         in: covariance, other: the target's, statistic; out: scale * the sign of their difference; loss:
//                   loss_scale * (the sum of its size / D + the sum of that of the means)
//   add_mean_slope  statistic; out: + scale * the sign of the means' difference, in every row
#include "hypercolumns.h"

namespace scumble {
namespace {

struct Samples {
  BufferId positions;
  BufferId centred;
  BufferId means;
  BufferId covariance;
};

Samples samples_at(Graph& graph, const Site& at, int count, BufferId target) {
  const int channels = channels_of(at);
  const BufferId positions = draw(graph, at, count, graph.seed(at));
  Step centre{};
  centre.op = "centre";
  centre.in = sample(graph, at, positions, count);
  centre.other = target;
  centre.out = graph.dense({channels, count, 1});
  centre.statistic = graph.dense({channels, 2, 1});
  graph.emit(centre);
  Step product{};
  product.op = "multiply";
  product.in = product.other = centre.out;
  product.out = graph.dense({channels, channels, 1});
  product.transpose_in = product.symmetric = true;
  product.scale = 1.0 / count;
  graph.emit(product);
  return {positions, centre.out, centre.statistic, product.out};
}

class Moments final : public Loss {
 public:
  bool looks_at_several() const override { return true; }
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"samples", "styleSamples"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const Samples of = samples_at(graph, at, style_samples_of(graph, at, 1), kNoBuffer);
    return {of.means, of.covariance};
  }

  void measure(Graph& graph, Site& at) const override {
    const int count = samples_of(graph, at);
    const int channels = channels_of(at);
    const double d = channels;
    const Shape matrix{channels, channels, 1};
    const BufferId means = graph.target(at, BufferKind::dense, {channels, 2, 1});
    const BufferId covariance = graph.target(at, BufferKind::dense, matrix);
    const Samples of = samples_at(graph, at, count, means);
    Step difference{};
    difference.op = "moments";
    difference.in = of.covariance;
    difference.other = covariance;
    difference.statistic = of.means;
    difference.out = graph.dense(matrix);
    difference.slot = at.slot;
    difference.loss_scale = at.term->weight / d;
    // Of Sigma's gradient: twice for the symmetric product, 1 / N of the mean. Means of centred rows are zero, so that
    // of their gradient is too.
    difference.scale = 2 * at.term->weight / (d * d * count);
    graph.emit(difference);
    Step back{};
    back.op = "multiply";
    back.in = of.centred;
    back.other = difference.out;
    back.out = graph.dense({channels, count, 1});
    back.scale = 1;
    graph.emit(back);
    Step slope{};
    slope.op = "add_mean_slope";
    slope.statistic = of.means;
    slope.out = back.out;
    slope.scale = at.term->weight / (d * count);
    graph.emit(slope);
    at.kept = {back.out, of.positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kMoments("moments", std::make_unique<Moments>());

}  // namespace
}  // namespace scumble

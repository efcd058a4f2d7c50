// Nearest neighbours of features (Kolkin, Kucera, Paris, Sykora, Shechtman, Shakhnarovich 2022, "Neural Neighbor
// Style Transfer", section 3.4, the finish by "feature splitting"): w * the mean over N positions of the picture of
// 1 - max over j of cos(a - mean of a, b_j - mean of b), where a are the picture's features at positions drawn
// anew in every evaluation, and b those of the target images, at positions that stay, shared among the images by
// their blends. There are as many as a sixteenth of the picture's pixels, but at least 256, and at most 1024 of the
// picture and 4096 of the images. What a position is matched with is held constant when differentiating; the mean
// of a is not.
//
// So that one place of a style is not repeated everywhere, matches are made twice: the second time, a sample that
// was taken often the first time is farther away by occurrence * how often / max(1, N / samples) (the occurrence
// penalty of Zhou, Chen, Xiao, Huang 2023, "Neural Texture Synthesis with Guided Correspondence", section 3.2, of
// the mean number of times, if that is more than one). The loss does not count the penalty.
//
//   units         in: rows; out: of each, what it is away from their mean, of length 1; scratch: 1 / its length before
//   panels        in: rows; out (working): the same as the right side of products
//   nearest       in: rows a, other: panels b, statistic: a penalty for each b, or none; out: of each a, the b with the
//                 largest a . b less penalty, the first of equals, and that
//   occurrences   in: what nearest made; out: scale * how often each b is there
//   cosine        in, scratch: what units made, other: panels, statistic: what nearest made; out: scale * the
//                 gradient of the sum of -cos with respect to what units was made of; loss: loss_scale * the sum of
//                 1 - cos
#include <algorithm>
#include <cmath>

#include "hypercolumns.h"

namespace scumble {
namespace {

constexpr double kOccurrence = 0.05;

// So few for a small picture that matching costs no more than the network, whatever the size.
int samples_of(const Graph& graph, size_t most) {
  return static_cast<int>(std::clamp(graph.optimised().positions() / 16, size_t{256}, most));
}

// Samples that are taken of a target image.
int taken(const Graph& graph, const Target& target) {
  const double all = samples_of(graph, 4096);
  return static_cast<int>(std::clamp(std::round(all * target.blend), 1.0, all));
}

Step units_of(Graph& graph, BufferId rows, const Shape& shape) {
  Step step{};
  step.op = "units";
  step.in = rows;
  step.out = graph.dense(shape);
  step.scratch = graph.dense({1, shape.height, 1});
  return step;
}

class Nearest final : public Loss {
 public:
  bool joins_targets() const override { return true; }
  bool takes_masks() const override { return true; }
  std::vector<std::string> parameters() const override { return {"occurrence"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const int count = taken(graph, *at.target);
    return {sample(graph, at, draw(graph, at, count, graph.seed(at)), count)};
  }

  void measure(Graph& graph, Site& at) const override {
    int count = 0;
    for (const Target& target : at.term->targets) count += taken(graph, target);
    const Shape samples{at.shape.channels, count, 1};
    const Step their = units_of(graph, graph.target(at, BufferKind::dense, samples), samples);
    graph.prepare(their);
    Step panels{};
    panels.op = "panels";
    panels.in = their.out;
    panels.out = graph.working(panels.op, samples);
    graph.prepare(panels);

    const int n = samples_of(graph, 1024);
    const Shape rows{at.shape.channels, n, 1};
    const BufferId positions = draw(graph, at, n, graph.seed(at));
    const Step ours = units_of(graph, sample(graph, at, positions, n), rows);
    graph.emit(ours);
    Step nearest{};
    nearest.op = "nearest";
    nearest.in = ours.out;
    nearest.other = panels.out;
    nearest.out = graph.dense({2, n, 1});
    graph.emit(nearest);
    const double occurrence = at.term->parameter("occurrence", kOccurrence);
    if (occurrence != 0) {
      Step occurrences{};
      occurrences.op = "occurrences";
      occurrences.in = nearest.out;
      occurrences.out = graph.dense({1, count, 1});
      occurrences.scale = occurrence / std::max(1.0, static_cast<double>(n) / count);
      graph.emit(occurrences);
      nearest.statistic = occurrences.out;
      nearest.out = graph.dense({2, n, 1});
      graph.emit(nearest);
    }
    Step cosine{};
    cosine.op = "cosine";
    cosine.in = ours.out;
    cosine.scratch = ours.scratch;
    cosine.other = panels.out;
    cosine.statistic = nearest.out;
    cosine.out = graph.dense(rows);
    cosine.slot = at.slot;
    cosine.loss_scale = cosine.scale = at.term->weight / n;
    graph.emit(cosine);
    at.kept = {cosine.out, positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kNearest("nearest", std::make_unique<Nearest>());

}  // namespace
}  // namespace scumble

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
//   panels        in: rows; out (working): the same as the right side of products
//   nearest       in: rows a, other: panels b, statistic: a penalty for each b, or none; out: of each a, the b with the
//                 largest a . b less penalty, the first of equals, and that
//   occurrences   in: what nearest made; out: scale * how often each b is there
//   matched       in: rows a of length 1, other: rows b of length 1, statistic: what nearest made; out: -scale * what
//                 each a is matched with; loss: loss_scale * the sum of 1 - a . b
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
    const BufferId theirs = graph.target(at, BufferKind::dense, samples);
    prepare_directions(graph, theirs, samples, theirs);
    const BufferId panels = panels_of(graph, theirs, samples);

    const int n = samples_of(graph, 1024);
    const Shape rows{at.shape.channels, n, 1};
    const BufferId positions = draw(graph, at, n, graph.seed(at));
    const BufferId away = centred(graph, sample(graph, at, positions, n), rows);
    const BufferId ours = unit_rows(graph, away, rows);
    Step nearest = nearest_of(graph, ours, rows, panels);
    graph.emit(nearest);
    const double occurrence = at.term->parameter("occurrence", kOccurrence);
    if (occurrence != 0) {
      Step occurrences{};
      occurrences.op = "occurrences";
      occurrences.in = nearest.out;
      occurrences.out = graph.dense({1, count, 1});
      occurrences.scale = occurrence / std::max(1.0, static_cast<double>(n) / count);
      graph.emit(occurrences);
      nearest = nearest_of(graph, ours, rows, panels);
      nearest.statistic = occurrences.out;
      graph.emit(nearest);
    }
    const BufferId back =
        unit_rows_back(graph, matched(graph, at, ours, rows, theirs, nearest.out), away, rows);
    at.kept = {centred(graph, back, rows), positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kNearest("nearest", std::make_unique<Nearest>());

}  // namespace
}  // namespace scumble

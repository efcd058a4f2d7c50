// Sliced Wasserstein distance (Heitz, Vanhoey, Chambon, Belcour 2021, "A Sliced Wasserstein Loss for Neural
// Texture Synthesis", equation 6): features and the target's are projected onto random directions of length 1,
// as many as there are channels, drawn anew in every evaluation; w * the mean over directions and ranks of the
// squared difference of what has the same rank in both. So it sees the whole distribution of the features, of
// which a Gram matrix keeps second moments alone. Ranks and directions are held constant when differentiating.
//
// Features are compared at up to kMost positions, all there are or drawn by lot, as many of the target, whose
// images share them by their blend. Where numbers differ, the target's quantiles are interpolated.
//
//   cells              in: features; out: the centres of all cells of their grid, y and x in 0..1, as a matrix of
//                      two columns
//   directions         out: rows of length 1, by lot
//   sorted_difference  in: a matrix; other: one of as many rows; out: scale * (in - what is at the same rank of
//                      other's row, between its neighbours); loss: loss_scale * the sum of its square
#include <algorithm>
#include <cmath>

#include "hypercolumns.h"

namespace scumble {
namespace {

// More change the quantiles of a direction by less than those of two evaluations differ.
constexpr size_t kMost = size_t{1} << 14;

int count_of(const Graph& graph, const Site& at) {
  return static_cast<int>(std::clamp<size_t>(graph.optimised_at(at).positions(), 1, kMost));
}

// Of the samples that a target is made of, those of an image with this share.
int count_of(const Graph& graph, const Site& at, double share) {
  return std::max(1, static_cast<int>(std::lround(count_of(graph, at) * std::clamp(share, 0.0, 1.0))));
}

// Where all positions of the picture are compared they are the same in every evaluation.
BufferId positions(Graph& graph, const Site& at, int count) {
  if (at.target != nullptr || at.guide != kNoBuffer || at.shape.positions() > kMost)
    return draw(graph, at, count, graph.seed(at));
  Step cells{};
  cells.op = "cells";
  cells.in = at.features;
  cells.out = graph.dense({2, count, 1});
  graph.emit(cells);
  return cells.out;
}

// A row for each direction.
BufferId projected(Graph& graph, BufferId directions, int channels, BufferId samples, int count) {
  Step step{};
  step.op = "multiply";
  step.in = directions;
  step.other = samples;
  step.transpose_other = true;
  step.scale = 1;
  step.out = graph.dense({count, channels, 1});
  graph.emit(step);
  return step.out;
}

class SlicedWasserstein final : public Loss {
 public:
  bool joins_targets() const override { return true; }
  bool takes_masks() const override { return true; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    const int count = count_of(graph, at, at.target->blend);
    return {sample(graph, at, positions(graph, at, count), count)};
  }

  // All of it is made on the way back, where nothing has to be kept.
  void measure(Graph&, Site&) const override {}

  void differentiate(Graph& graph, Site& at) const override {
    const int channels = at.shape.channels;
    const int count = count_of(graph, at);
    int of_target = 0;
    for (const Target& target : at.term->targets) of_target += count_of(graph, at, target.blend);

    Step draw{};
    draw.op = "directions";
    draw.out = graph.dense({channels, channels, 1});
    draw.seed = graph.seed(at);
    graph.emit(draw);
    const BufferId places = positions(graph, at, count);
    const BufferId samples = sample(graph, at, places, count);
    const BufferId theirs = graph.target(at, BufferKind::dense, {channels, of_target, 1});

    const double n = static_cast<double>(channels) * count;
    Step compare{};
    compare.op = "sorted_difference";
    compare.in = projected(graph, draw.out, channels, samples, count);
    compare.other = projected(graph, draw.out, channels, theirs, of_target);
    compare.out = graph.dense({count, channels, 1});
    compare.slot = at.slot;
    compare.loss_scale = at.term->weight / n;
    compare.scale = 2 * at.term->weight / n;
    graph.emit(compare);

    Step back{};
    back.op = "multiply";
    back.in = compare.out;
    back.transpose_in = true;
    back.other = draw.out;
    back.scale = 1;
    back.out = graph.dense({channels, count, 1});
    graph.emit(back);
    contribute_samples(graph, at, back.out, places);
  }
};

const LossKind kSlicedWasserstein("sliced-wasserstein", std::make_unique<SlicedWasserstein>());

}  // namespace
}  // namespace scumble

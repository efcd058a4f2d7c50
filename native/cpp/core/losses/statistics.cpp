#include "statistics.h"

namespace scumble {

BufferId products_of(Graph& graph, const Site& at, double scale) {
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
  gram.scale = scale;
  graph.emit(gram);
  return gram.out;
}

Step products_back(Graph& graph, const Site& at, BufferId matrix) {
  Step step{};
  step.op = "gram_back";
  // A guide multiplies features on the way to the sums, and gradients on the way back.
  Site twice = at;
  if (at.guide != kNoBuffer) twice.features = graph.guided(at);
  step.in = graph.guided(twice);
  step.other = matrix;
  step.scratch = graph.working(step.op, at.shape);
  return step;
}

BufferId mean_std_of(Graph& graph, const Site& at) {
  Step sums{};
  sums.op = "channel_sums";
  sums.in = at.features;
  sums.guide = at.guide;
  sums.out = graph.working(sums.op, at.shape);
  sums.rows = at.shape.height;
  graph.emit(sums);
  Step finish{};
  finish.op = "mean_std";
  finish.in = sums.out;
  finish.out = graph.dense({at.shape.channels, 2, 1});
  finish.scale = 1 / static_cast<double>(at.shape.positions());
  graph.emit(finish);
  return finish.out;
}

}  // namespace scumble

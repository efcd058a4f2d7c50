#include "hypercolumns.h"

#include <algorithm>
#include <cmath>

#include "../error.h"

namespace scumble {
namespace {

const Place& finest(const Site& at) {
  const Place* found = &at.places[0];
  for (const Place& place : at.places) {
    if (place.shape.positions() > found->shape.positions()) found = &place;
  }
  return *found;
}

double scale_of(const Graph& graph, const Site& at, size_t place) {
  if (at.term->layers.empty()) return 1.0 / 255;
  const double scale = at.term->layers[place] == kPicture ? graph.range(at) : 1;
  return at.loss->divides_by_channels() ? scale / at.places[place].shape.channels : scale;
}

constexpr int kFewest = 64;
constexpr int kMost = 1024;
constexpr size_t kPixels = 128;  // for each sample
constexpr int kStyleTimes = 5;
constexpr int kMostOfStyle = 5000;
constexpr int kLimit = 1 << 16;

int parameter(const Site& at, const char* name, int otherwise) {
  const double found = at.term->parameter(name, otherwise);
  if (!(found >= 1 && found <= kLimit))
    throw InvalidArgument("the term \"" + at.term->name + "\" needs " + name + " from 1 to " +
                          std::to_string(kLimit));
  return static_cast<int>(found);
}

int first_channel(const Site& at, size_t place) {
  int channels = 0;
  for (size_t i = 0; i < place; ++i) channels += at.places[i].shape.channels;
  return channels;
}

Step units(BufferId in, BufferId out) {
  Step step{};
  step.op = "unit_rows";
  step.in = in;
  step.out = out;
  return step;
}

Step centre(Graph& graph, BufferId in, const Shape& shape, BufferId out) {
  Step step{};
  step.op = "centre";
  step.in = in;
  step.statistic = graph.dense({shape.channels, 2, 1});
  step.out = out;
  return step;
}

}  // namespace

BufferId draw(Graph& graph, const Site& at, int count, uint64_t seed) {
  return draw_on(graph, at, finest(at), count, seed);
}

BufferId draw_on(Graph& graph, const Site& at, const Place& on, int count, uint64_t seed) {
  Step draw{};
  draw.op = "draw";
  draw.in = on.features;
  if (on.guide != kNoBuffer) {
    Step coverage{};
    coverage.op = "coverage";
    coverage.guide = on.guide;
    coverage.out = graph.dense({1, on.shape.height, on.shape.width + 1});
    if (at.target == nullptr) {
      graph.prepare(coverage);
    } else {
      graph.emit(coverage);
    }
    draw.other = coverage.out;
  }
  draw.out = graph.dense({2, count, 1});
  draw.seed = seed;
  graph.emit(draw);
  return draw.out;
}

int channels_of(const Site& at) {
  return first_channel(at, at.places.size());
}

BufferId sample(Graph& graph, const Site& at, BufferId positions, int count, int first) {
  const BufferId samples = graph.dense({channels_of(at), count, 1});
  for (size_t i = 0; i < at.places.size(); ++i) {
    Step step{};
    step.op = "sample";
    step.in = at.places[i].features;
    step.other = positions;
    step.out = samples;
    step.first_row = first;
    step.first_channel = first_channel(at, i);
    step.scale = scale_of(graph, at, i);
    graph.emit(step);
  }
  return samples;
}

void contribute_samples(Graph& graph, const Site& at, BufferId gradient, BufferId positions) {
  const size_t place = static_cast<size_t>(at.place);
  Step step{};
  step.op = "sample_back";
  step.in = gradient;
  step.other = positions;
  step.first_channel = first_channel(at, place);
  step.scale = scale_of(graph, at, place);
  graph.contribute(step);
}

BufferId unit_rows(Graph& graph, BufferId matrix, const Shape& shape) {
  const Step step = units(matrix, graph.dense(shape));
  graph.emit(step);
  return step.out;
}

BufferId centred(Graph& graph, BufferId matrix, const Shape& shape) {
  const Step step = centre(graph, matrix, shape, graph.dense(shape));
  graph.emit(step);
  return step.out;
}

void prepare_units(Graph& graph, BufferId matrix) {
  graph.prepare(units(matrix, matrix));
}

void prepare_directions(Graph& graph, BufferId matrix, const Shape& shape, BufferId to) {
  graph.prepare(centre(graph, matrix, shape, to));
  prepare_units(graph, to);
}

BufferId unit_rows_back(Graph& graph, BufferId gradient, BufferId matrix, const Shape& shape) {
  Step step{};
  step.op = "unit_rows_back";
  step.in = gradient;
  step.other = matrix;
  step.out = graph.dense(shape);
  step.scale = 1;
  graph.emit(step);
  return step.out;
}

Step nearest_of(Graph& graph, BufferId rows, const Shape& shape, BufferId panels) {
  Step step{};
  step.op = "nearest";
  step.in = rows;
  step.other = panels;
  step.out = graph.dense({2, shape.height, 1});
  return step;
}

BufferId panels_of(Graph& graph, BufferId rows, const Shape& shape) {
  Step step{};
  step.op = "panels";
  step.in = rows;
  step.out = graph.working(step.op, shape);
  graph.prepare(step);
  return step.out;
}

BufferId matched(Graph& graph, const Site& at, BufferId rows, const Shape& shape, BufferId others,
                 BufferId matches) {
  Step step{};
  step.op = "matched";
  step.in = rows;
  step.other = others;
  step.statistic = matches;
  step.out = graph.dense(shape);
  step.slot = at.slot;
  step.loss_scale = step.scale = at.term->weight / shape.height;
  graph.emit(step);
  return step.out;
}

int samples_of(const Graph& graph, const Site& at) {
  const int wanted = static_cast<int>(std::min<size_t>(kMost, graph.optimised().positions() / kPixels));
  return parameter(at, "samples", std::max(kFewest, wanted));
}

int style_samples_of(const Graph& graph, const Site& at, double share) {
  const int all = parameter(at, "styleSamples", std::min(kMostOfStyle, kStyleTimes * samples_of(graph, at)));
  return std::max(1, static_cast<int>(std::lround(all * std::clamp(share, 0.0, 1.0))));
}

int all_style_samples_of(const Graph& graph, const Site& at) {
  int all = 0;
  for (const Target& target : at.term->targets)
    all += target.source ? 0 : style_samples_of(graph, at, target.blend);
  return all;
}

}  // namespace scumble

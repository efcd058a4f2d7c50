#include "hypercolumns.h"

namespace scumble {
namespace {

const Place& finest(const Site& at) {
  const Place* found = &at.places[0];
  for (const Place& place : at.places) {
    if (place.shape.positions() > found->shape.positions()) found = &place;
  }
  return *found;
}

bool is_picture(const Site& at, size_t place) {
  return at.term->layers.empty() || at.term->layers[place] == kPicture;
}

double scale_of(const Graph& graph, const Site& at, size_t place) {
  return is_picture(at, place) ? graph.range(at) : 1;
}

int first_channel(const Site& at, size_t place) {
  int channels = 0;
  for (size_t i = 0; i < place; ++i) channels += at.places[i].shape.channels;
  return channels;
}

}  // namespace

BufferId draw(Graph& graph, const Site& at, int count, uint64_t seed) {
  const Place& on = finest(at);
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

BufferId sample(Graph& graph, const Site& at, BufferId positions, int count) {
  const BufferId samples = graph.dense({channels_of(at), count, 1});
  for (size_t i = 0; i < at.places.size(); ++i) {
    Step step{};
    step.op = "sample";
    step.in = at.places[i].features;
    step.other = positions;
    step.out = samples;
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

double parameter(const Site& at, const char* name, double otherwise) {
  const auto found = at.term->parameters.find(name);
  return found == at.term->parameters.end() ? otherwise : found->second;
}

}  // namespace scumble

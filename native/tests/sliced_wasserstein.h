// Sliced Wasserstein distances on any backend: the operations by themselves, and the term in whole objectives.
#pragma once

#include "cases.h"
#include "check.h"
#include "reference/sliced.h"
#include "steps.h"

namespace sliced {

using cases::Case;
using cases::Setting;
using reference::Matrix;
using scumble::Backend;
using steps::Step;
using steps::Steps;
using support::Random;

inline void check_directions(const Backend& backend) {
  for (const auto& [rows, channels] : std::vector<std::pair<int, int>>{{1, 1}, {3, 5}, {70, 64}, {33, 513}}) {
    for (const int evaluation : {0, 1, 77}) {
      Steps of(backend);
      Step step{};
      step.op = "directions";
      step.out = of.dense({channels, rows, 1});
      step.seed = 9;
      of.emit(step);
      of.compile();
      of.run(evaluation);
      CHECK_ALL_CLOSE(
          of.read(step.out),
          reference::directions(9, evaluation, static_cast<size_t>(rows), static_cast<size_t>(channels))
              .values,
          1e-7);
    }
  }
}

inline void check_cells(const Backend& backend) {
  Steps of(backend);
  Step step{};
  step.op = "cells";
  step.in = of.tensor({3, 5, 7});
  step.out = of.dense({2, 35, 1});
  of.emit(step);
  of.compile();
  of.run();
  std::vector<double> expected;
  for (int i = 0; i < 35; ++i) {
    expected.push_back((i / 7 + 0.5) / 5);
    expected.push_back((i % 7 + 0.5) / 7);
  }
  CHECK_ALL_CLOSE(of.read(step.out), expected, 1e-7);
}

struct Rows {
  int rows;
  int of_picture;
  int of_target;
};
// The last ones are cut into several tiles where sorting is done by tiles.
const std::vector<Rows> kRows = {{1, 1, 1},    {3, 1, 9},      {5, 9, 1},        {2, 31, 64},
                                 {7, 333, 77}, {2, 4099, 777}, {1, 5000, 16384}, {1, 16384, 9001}};

inline std::vector<float> sorted_difference(const Backend& backend, const Rows& rows,
                                            const std::vector<float>& in, const std::vector<float>& other,
                                            double& loss, int threads = 2) {
  Steps of(backend, threads);
  Step step{};
  step.op = "sorted_difference";
  step.in = of.dense({rows.of_picture, rows.rows, 1});
  step.other = of.dense({rows.of_target, rows.rows, 1});
  step.out = of.dense({rows.of_picture, rows.rows, 1});
  step.scale = -0.75;
  step.loss_scale = 2.5;
  step.slot = 0;
  of.emit(step);
  of.compile();
  of.write(step.in, in);
  of.write(step.other, other);
  loss = of.run()[0];
  return of.read(step.out);
}

// Of values of both signs and many sizes, with many that are alike.
inline std::vector<float> values(Random& random, int count) {
  std::vector<float> found(static_cast<size_t>(count));
  for (float& v : found) {
    v = random.uniform(-1, 1);
    const uint64_t kind = random.bits() % 8;
    if (kind == 0) v = 0;
    if (kind == 1) v = -0.0f;
    if (kind == 2) v *= 1e-20f;
    if (kind == 3) v *= 100;
    if (kind == 4) v = 0.25f;
  }
  return found;
}

inline void check_sorted_difference(const Backend& backend) {
  Random random(4);
  for (const Rows& rows : kRows) {
    const std::vector<float> in = values(random, rows.rows * rows.of_picture);
    const std::vector<float> other = values(random, rows.rows * rows.of_target);
    std::vector<double> expected;
    double squares = 0;
    for (int r = 0; r < rows.rows; ++r) {
      const auto row = [&](const std::vector<float>& all, int count) {
        return std::vector<double>(all.begin() + r * count, all.begin() + (r + 1) * count);
      };
      // As bits are ordered, -0 comes before 0.
      std::vector<double> own = row(in, rows.of_picture);
      std::vector<size_t> order(own.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) {
        return own[i] < own[j] || (own[i] == own[j] && std::signbit(own[i]) && !std::signbit(own[j]));
      });
      for (const double away : reference::sorted_difference(own, row(other, rows.of_target), order)) {
        expected.push_back(-0.75 * away);
        squares += away * away;
      }
    }
    double loss = 0;
    const std::vector<float> found = sorted_difference(backend, rows, in, other, loss);
    CHECK_ALL_CLOSE(found, expected, 1e-6);
    CHECK_CLOSE(loss, 2.5 * squares, 1e-6 * squares);
  }
}

struct Held {
  std::vector<reference::Sliced> terms;
  reference::Point point;
  double margin = 1;
};

inline uint64_t seed_of(size_t term) {
  return term * 0x9e3779b97f4a7c15u;
}

// All cells, where all are compared.
inline reference::Positions positions(const reference::Tensor& f, size_t term, int count,
                                      const reference::Tensor* mask, bool drawn) {
  if (drawn || mask != nullptr)
    return reference::draw(seed_of(term), 0, count, f.height, f.width, weights_of(mask, f.height, f.width));
  reference::Positions all;
  for (int y = 0; y < f.height; ++y) {
    for (int x = 0; x < f.width; ++x) all.emplace_back((y + 0.5) / f.height, (x + 0.5) / f.width);
  }
  return all;
}

// An objective of such terms alone, of one network.
inline Held evaluate(const reference::Scene& scene, const reference::Tensor& picture, const Held* held) {
  Held found;
  const reference::Model& model = scene.models[0];
  const std::vector<reference::Tensor> tape = scene.forward(0, picture);
  std::vector<reference::Tensor> gradients;
  for (const reference::Tensor& t : tape) gradients.emplace_back(t.channels, t.height, t.width);
  for (size_t t = 0; t < scene.objective.terms.size(); ++t) {
    const scumble::Term& term = scene.objective.terms[t];
    const size_t at = model.place(term.layers[0]);
    const reference::Tensor& f = tape[at];
    const int count = static_cast<int>(f.positions());
    Matrix target(0, static_cast<size_t>(f.channels));
    for (const scumble::Target& of : term.targets) {
      const std::vector<reference::Tensor> layers =
          scene.forward(0, scene.images[static_cast<size_t>(of.image)]);
      const int share = std::max(1, static_cast<int>(std::lround(of.blend * count)));
      const Matrix part = reference::hypercolumns({{&layers[at], 1}},
                                                  positions(layers[at], t, share, scene.mask(of.mask), true));
      target.values.insert(target.values.end(), part.values.begin(), part.values.end());
      target.rows += part.rows;
    }
    const reference::Positions places = positions(f, t, count, scene.mask(term.mask), false);
    const Matrix samples = reference::hypercolumns({{&f, 1}}, places);
    reference::Sliced one = reference::sliced(
        samples, target, reference::directions(seed_of(t), 0, samples.columns, samples.columns),
        [&](size_t i, size_t j) { return places[i] == places[j]; }, held ? &held->terms[t] : nullptr);
    for (double& v : one.gradient.values) v *= term.weight;
    reference::hypercolumns_back(one.gradient, {{&f, 1}}, places, {&gradients[at]});
    found.point.losses.terms.push_back(term.weight * one.loss);
    found.point.losses.total += term.weight * one.loss;
    found.margin = std::min(found.margin, one.margin);
    found.terms.push_back(std::move(one));
  }
  found.point.gradient = model.backward(tape, std::move(gradients), found.point.margin);
  return found;
}

struct Prepared {
  Setting setting;
  Held held;
};

// The first draw whose ranks float32 can tell.
inline Prepared drawn(const Case& of, uint64_t seed) {
  for (uint64_t i = 0; i < 60; ++i) {
    Random random(seed + i);
    Prepared made;
    Setting& s = made.setting;
    s.scene.models.push_back(of.model);
    for (const cases::Size& size : {of.content, of.style, cases::Size{of.style.width + 1, of.style.height}})
      s.scene.images.push_back(cases::picture(random, size));
    s.start = cases::picture(random, of.content);
    for (const cases::Size& size : of.masks) s.scene.masks.push_back(cases::mask(random, size));
    s.scene.objective = of.objective;
    made.held = evaluate(s.scene, s.start, nullptr);
    for (size_t t = 0; t < s.scene.objective.terms.size(); ++t)
      s.scene.objective.terms[t].weight /= made.held.point.losses.terms[t];
    made.held = evaluate(s.scene, s.start, nullptr);
    s.expected = made.held.point;
    if (made.held.point.margin >= cases::kMargin && made.held.margin >= 1e-6) return made;
  }
  throw std::runtime_error("float32 cannot tell the ranks of any picture: " + of.name);
}

inline std::vector<Case> objectives() {
  const auto with = [](const std::string& name, const std::vector<std::string>& layers,
                       const std::vector<scumble::Target>& targets, int mask = -1) {
    Case of = cases::small_case(name);
    of.masks = {{4, 5}, {9, 11}};
    for (const std::string& layer : layers)
      support::add(of.objective, "sliced-wasserstein", layer, 1, targets).mask = mask;
    return of;
  };
  return {with("one layer", {"conv1_2"}, {{1, 1}}),
          with("the deepest", {"conv2_2"}, cases::kStyle),
          with("layers, two of them after one another", {"conv1_1", "conv1_2", "conv2_1"}, cases::kStyle),
          with("a layer twice", {"conv1_2", "conv1_2"}, cases::kStyle),
          with("masks", {"conv1_2", "conv2_1"}, {{1, 0.75, 0}, {2, 0.25, 1}}, 1),
          with("a mask of the picture", {"conv2_1"}, cases::kStyle, 0)};
}

inline void check_objectives(const Backend& backend) {
  const std::string who = check::at();
  uint64_t seed = 20000;
  for (const Case& of : objectives()) {
    check::at() = of.name + " " + who;
    cases::check_engine(backend, drawn(of, seed).setting, {2e-4, 2e-5});
    seed += 100;
  }
}

}  // namespace sliced

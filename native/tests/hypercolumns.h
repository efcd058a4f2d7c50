// Positions drawn by lot and samples there, on any backend.
#pragma once

#include <functional>

#include "check.h"
#include "reference/hypercolumns.h"
#include "steps.h"

namespace hypercolumns {

using scumble::Backend;
using steps::BufferId;
using steps::Shape;
using steps::Step;
using steps::Steps;
using support::Random;

inline std::vector<float> drawn(const Backend& backend, const Shape& grid, int count, uint64_t seed,
                                int evaluation, const std::vector<float>& guide) {
  Steps of(backend);
  const BufferId guides = of.dense({1, grid.height, grid.width});
  Step draw{};
  draw.op = "draw";
  draw.in = of.tensor(grid);
  if (!guide.empty()) {
    Step coverage{};
    coverage.op = "coverage";
    coverage.guide = guides;
    coverage.out = draw.other = of.dense({1, grid.height, grid.width + 1});
    of.emit(coverage);
  }
  draw.out = of.dense({2, count, 1});
  draw.seed = seed;
  of.emit(draw);
  of.compile();
  if (!guide.empty()) of.write(guides, guide);
  of.run(evaluation);
  return of.read(draw.out);
}

inline std::vector<float> flat(const reference::Positions& positions) {
  std::vector<float> values;
  for (const auto& [y, x] : positions) {
    values.push_back(static_cast<float>(y));
    values.push_back(static_cast<float>(x));
  }
  return values;
}

const std::vector<Shape> kGrids = {{3, 1, 1}, {5, 2, 3}, {16, 31, 17}, {21, 5, 64}, {70, 40, 33}};

// Those of the reference, with and without a guide; others for another seed or evaluation.
inline void check_draw(const Backend& backend) {
  Random random(1);
  for (const Shape& grid : kGrids) {
    const size_t cells = grid.positions();
    std::vector<float> guide = support::uniform(random, cells, 0.1, 1);
    for (size_t i = 0; i < cells / 2; ++i) guide[random.bits() % cells] = 0;
    guide[cells - 1] = 1;
    std::vector<double> weights;
    for (const float g : guide) weights.push_back(static_cast<double>(g) * static_cast<double>(g));
    const std::vector<double> even(cells, 1.0);
    for (const uint64_t seed : {uint64_t{0}, uint64_t{12345678901234567u}}) {
      for (const int evaluation : {0, 1, 999}) {
        const auto all = drawn(backend, grid, 300, seed, evaluation, {});
        CHECK(all == flat(reference::draw(seed, evaluation, 300, grid.height, grid.width, even)));
        CHECK(drawn(backend, grid, 300, seed, evaluation, guide) ==
              flat(reference::draw(seed, evaluation, 300, grid.height, grid.width, weights)));
        if (cells < 100) continue;
        CHECK(all != drawn(backend, grid, 300, seed, evaluation + 1, {}));
        CHECK(all != drawn(backend, grid, 300, seed + 1, evaluation, {}));
      }
    }
  }
}

// Of so many cells of a square, so many positions come near to each: a grid's evenness, not chance's.
inline void check_evenness(const Backend& backend) {
  for (int evaluation = 0; evaluation < 20; ++evaluation) {
    const auto found = drawn(backend, {1, 64, 64}, 1024, 7, evaluation, {});
    std::vector<int> counts(64);
    for (size_t i = 0; i < found.size(); i += 2) {
      const size_t y = static_cast<size_t>(found[i] * 8);
      ++counts[y * 8 + static_cast<size_t>(found[i + 1] * 8)];
    }
    for (const int count : counts) CHECK(count >= 12 && count <= 20);  // 16 in the mean
  }
}

struct Ways {
  bool dense;  // the picture, else a tensor
  bool accumulate;
  bool masked;
};
const std::vector<Ways> kWays = {{false, false, false}, {false, false, true}, {false, true, false},
                                 {false, true, true},   {true, false, false}, {true, true, false}};

// Samples of two layers side by side, and what their gradient leaves at the second one. Positions of any
// kind, at the edge and twice the same ones too.
inline void check_samples(const Backend& backend, double tolerance,
                          const std::function<double(double)>& rounded) {
  Random random(2);
  for (const Shape& shape : kGrids) {
    for (const Ways& way : kWays) {
      const int channels = way.dense ? 3 : shape.channels;
      const Shape own{channels, shape.height, shape.width};
      const auto tensor = [&](double low, double high) {
        reference::Tensor t = support::random_tensor(random, channels, shape.height, shape.width, low, high);
        for (double& v : t.values) v = way.dense ? v : rounded(v);
        return t;
      };
      const reference::Tensor features = tensor(-1, 1);
      const reference::Tensor there = tensor(-1, 1);
      const reference::Tensor mask = support::coarse_tensor(random, channels, shape.height, shape.width);
      reference::Tensor small = support::random_tensor(random, 5, 3, 4);
      for (double& v : small.values) v = rounded(v);
      const int count = random.integer(1, 70);
      std::vector<float> positions = support::uniform(random, static_cast<size_t>(2 * count), 0, 1);
      if (count > 3) {
        positions[0] = positions[3] = 0;
        positions[1] = positions[2] = 1;
        positions[4] = positions[6];
        positions[5] = positions[7];
      }
      check::at() = std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
                    std::to_string(channels) + " " + std::to_string(count);
      reference::Positions exact;
      for (size_t i = 0; i < positions.size(); i += 2)
        exact.emplace_back(static_cast<double>(positions[i]), static_cast<double>(positions[i + 1]));
      const std::vector<reference::Layer> layers = {{&small, 1}, {&features, 0.375}};
      const reference::Matrix expected = reference::hypercolumns(layers, exact);
      reference::Matrix gradient(expected.rows, expected.columns);
      for (double& v : gradient.values) v = static_cast<double>(random.uniform(-1, 1));
      reference::Tensor expected_small(5, 3, 4);
      reference::Tensor expected_back =
          way.accumulate ? there : reference::Tensor(channels, shape.height, shape.width);
      reference::hypercolumns_back(gradient, layers, exact, {&expected_small, &expected_back});
      if (way.masked) expected_back = reference::masked(expected_back, mask);

      Steps of(backend);
      const Shape matrix{static_cast<int>(expected.columns), count, 1};
      const auto place = [&] { return way.dense ? of.dense(own) : of.tensor(own); };
      Step step{};
      step.op = "sample";
      step.other = of.dense({2, count, 1});
      step.out = of.dense(matrix);
      step.in = of.tensor({5, 3, 4});
      step.scale = 1;
      of.emit(step);
      const BufferId first = step.in;
      step.in = place();
      step.first_channel = 5;
      step.scale = 0.375;
      of.emit(step);
      Step back = step;
      back.op = "sample_back";
      back.in = of.dense(matrix);
      back.out = place();
      back.accumulate = way.accumulate;
      if (way.masked) back.mask = of.tensor(own);
      of.emit(back);
      of.compile();
      of.write(first, support::floats(small));
      of.write(step.in, support::floats(features));
      of.write(step.other, positions);
      of.write(back.in, {gradient.values.begin(), gradient.values.end()});
      of.write(back.out, support::floats(there));
      if (way.masked) of.write(back.mask, support::floats(mask));
      of.run();
      CHECK_ALL_CLOSE(of.read(step.out), expected.values, 2e-6);
      CHECK_ALL_CLOSE(of.read(back.out), expected_back.values, way.dense ? 2e-6 : tolerance);
    }
  }
}

}  // namespace hypercolumns

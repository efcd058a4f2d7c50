// Nearest neighbours of rows, on any backend, against the reference in double.
#pragma once

#include "check.h"
#include "reference/nearest.h"
#include "steps.h"

namespace nearest {

using scumble::Backend;
using steps::BufferId;
using steps::Shape;
using steps::Step;
using steps::Steps;
using support::Random;

inline std::vector<float> flat(const reference::Matrix& m) {
  return {m.values.begin(), m.values.end()};
}

inline reference::Matrix matrix(Random& random, int rows, int columns) {
  reference::Matrix m(static_cast<size_t>(rows), static_cast<size_t>(columns));
  for (double& v : m.values) v = static_cast<double>(random.uniform(-1, 2));
  return m;
}

// Whole numbers, whose products are exact, so that there are ties.
inline reference::Matrix coarse(Random& random, int rows, int columns) {
  reference::Matrix m(static_cast<size_t>(rows), static_cast<size_t>(columns));
  for (double& v : m.values) v = random.integer(-2, 2);
  return m;
}

struct Size {
  int rows;
  int others;
  int channels;
};
// Rows that fill no tile, others that fill no block and several groups, channels that fill no vector.
const std::vector<Size> kSizes = {{1, 1, 1},   {2, 3, 5},      {7, 33, 16},    {129, 70, 17},
                                  {5, 600, 3}, {150, 513, 70}, {300, 1100, 9}, {31, 40, 700}};

inline void say(const Size& size, const std::string& more) {
  check::at() = std::to_string(size.rows) + " of " + std::to_string(size.others) + " by " +
                std::to_string(size.channels) + " " + more;
}

// What the operations make of rows of length 1 and of their neighbours.
struct Found {
  std::vector<float> matches;
  std::vector<float> penalties;
  std::vector<float> again;  // with them
  std::vector<float> gradient;
  double loss;
};

inline Found find(const Backend& backend, const reference::Matrix& a, const reference::Matrix& b,
                  double occurrence, int threads = 2) {
  Steps of(backend, threads);
  const int rows = static_cast<int>(a.rows);
  const int others = static_cast<int>(b.rows);
  const Shape shape{static_cast<int>(a.columns), rows, 1};
  const Shape samples{shape.channels, others, 1};
  Step panels{};
  panels.op = "panels";
  panels.in = of.dense(samples);
  panels.out = of.working(panels.op, samples);
  of.emit(panels);
  Step first{};
  first.op = "nearest";
  first.in = of.dense(shape);
  first.other = panels.out;
  first.out = of.dense({2, rows, 1});
  of.emit(first);
  Step count{};
  count.op = "occurrences";
  count.in = first.out;
  count.out = of.dense({1, others, 1});
  count.scale = occurrence;
  of.emit(count);
  Step second = first;
  second.statistic = count.out;
  second.out = of.dense({2, rows, 1});
  of.emit(second);
  Step matched{};
  matched.op = "matched";
  matched.in = first.in;
  matched.other = panels.in;
  matched.statistic = second.out;
  matched.out = of.dense(shape);
  matched.slot = 0;
  matched.loss_scale = 0.25;
  matched.scale = 0.75;
  of.emit(matched);
  of.compile();
  of.write(panels.in, flat(b));
  of.write(first.in, flat(a));
  of.run();
  const double loss = of.run()[0];
  return {of.read(first.out), of.read(count.out), of.read(second.out), of.read(matched.out), loss};
}

// Each match is the best, but for rounding, and comes with its value.
inline void check_matches(const std::vector<float>& found, const reference::Matrix& a,
                          const reference::Matrix& b, const std::vector<double>& penalties,
                          double tolerance) {
  for (size_t i = 0; i < a.rows; ++i) {
    const size_t at = static_cast<size_t>(found[2 * i]);
    CHECK(at < b.rows);
    if (at >= b.rows) continue;
    double best = -INFINITY;
    size_t first = 0;
    for (size_t j = 0; j < b.rows; ++j) {
      const double value =
          reference::dot(reference::row(a, i), reference::row(b, j), a.columns) - penalties[j];
      if (value > best) first = j;
      best = std::max(best, value);
    }
    if (tolerance == 0) CHECK(at == first);
    CHECK_CLOSE(reference::dot(reference::row(a, i), reference::row(b, at), a.columns) - penalties[at], best,
                tolerance);
    CHECK_CLOSE(found[2 * i + 1], best, tolerance);
  }
}

inline void check_nearest(const Backend& backend, const std::string& name) {
  Random random(2);
  for (const Size& size : kSizes) {
    for (const bool exact : {false, true}) {
      for (const double occurrence : {0.0, 0.125}) {
        say(size, name + (exact ? " ties" : ""));
        // Of whole numbers the products are exact, and the first of equals is the one.
        const auto draw = [&](int rows) {
          return exact ? coarse(random, rows, size.channels)
                       : reference::Units(matrix(random, rows, size.channels)).rows;
        };
        reference::Matrix a = draw(size.rows);
        reference::Matrix b = draw(size.others);
        for (double& v : a.values) v = static_cast<double>(static_cast<float>(v));
        for (double& v : b.values) v = static_cast<double>(static_cast<float>(v));
        const Found found = find(backend, a, b, occurrence);
        const double tolerance = exact ? 0 : 2e-6;
        check_matches(found.matches, a, b, std::vector<double>(b.rows), tolerance);
        std::vector<double> penalties(b.rows);
        for (size_t i = 0; i < a.rows; ++i)
          penalties[static_cast<size_t>(found.matches[2 * i])] += occurrence;
        CHECK_ALL_CLOSE(found.penalties, penalties, 0);
        check_matches(found.again, a, b, penalties, tolerance);

        std::vector<double> gradient;
        double loss = 0;
        for (size_t i = 0; i < a.rows; ++i) {
          const double* match = reference::row(b, static_cast<size_t>(found.again[2 * i]));
          loss += 1 - reference::dot(reference::row(a, i), match, a.columns);
          for (size_t c = 0; c < a.columns; ++c) gradient.push_back(-0.75 * match[c]);
        }
        CHECK_ALL_CLOSE(found.gradient, gradient, 1e-6);
        CHECK_CLOSE(found.loss, loss / 4, 1e-6 * (std::abs(loss) + static_cast<double>(a.rows)));
      }
    }
  }
}

// What the cells of a grid have, at positions drawn of them.
inline void check_look_up(const Backend& backend, const std::string& name) {
  Random random(3);
  for (const Shape& grid : std::vector<Shape>{{2, 1, 1}, {2, 3, 5}, {2, 37, 128}}) {
    check::at() = name + " " + std::to_string(grid.height) + "x" + std::to_string(grid.width);
    const int count = 200;
    Steps of(backend);
    Step draw{};
    draw.op = "draw";
    draw.in = of.dense(grid);
    draw.out = of.dense({2, count, 1});
    draw.seed = 11;
    of.emit(draw);
    Step step{};
    step.op = "look_up";
    step.in = draw.in;
    step.other = draw.out;
    step.out = of.dense({2, count, 1});
    of.emit(step);
    of.compile();
    const std::vector<float> field = support::uniform(random, grid.elements(), 0, 60000);
    of.write(step.in, field);
    of.run();
    const std::vector<float> positions = of.read(draw.out);
    std::vector<float> expected;
    for (size_t i = 0; i < positions.size(); i += 2) {
      const auto cell = [](float at, int cells) {
        return static_cast<size_t>(static_cast<double>(at) * cells);
      };
      const size_t at = cell(positions[i], grid.height) * static_cast<size_t>(grid.width) +
                        cell(positions[i + 1], grid.width);
      expected.insert(expected.end(), {field[2 * at], field[2 * at + 1]});
    }
    CHECK(of.read(step.out) == expected);
  }
}

}  // namespace nearest

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

inline void check_units(const Backend& backend, const std::string& name) {
  Random random(1);
  for (const Size& size : kSizes) {
    say(size, name);
    reference::Matrix in = matrix(random, size.rows, size.channels);
    // Far from zero, where a mean that is rounded badly would show, and one row at it.
    for (double& v : in.values) v = static_cast<double>(static_cast<float>(v + 100));
    const reference::Units expected(in);
    Steps of(backend);
    Step step{};
    step.op = "units";
    const Shape shape{size.channels, size.rows, 1};
    step.in = of.dense(shape);
    step.out = of.dense(shape);
    step.scratch = of.dense({1, size.rows, 1});
    of.emit(step);
    of.compile();
    of.write(step.in, flat(in));
    of.run();
    CHECK_ALL_CLOSE(of.read(step.out), expected.rows.values, 2e-5);
    std::vector<double> inverses;
    for (const double length : expected.lengths) inverses.push_back(length > 0 ? 1 / length : 0);
    CHECK_ALL_CLOSE(of.read(step.scratch), inverses, 2e-5);
  }
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
                  const std::vector<float>& inverses, double occurrence, int threads = 2) {
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
  Step cosine{};
  cosine.op = "cosine";
  cosine.in = first.in;
  cosine.other = panels.out;
  cosine.statistic = second.out;
  cosine.scratch = of.dense({1, rows, 1});
  cosine.out = of.dense(shape);
  cosine.slot = 0;
  cosine.loss_scale = 0.25;
  cosine.scale = 0.75;
  of.emit(cosine);
  of.compile();
  of.write(panels.in, flat(b));
  of.write(first.in, flat(a));
  of.write(cosine.scratch, inverses);
  of.run();
  const double loss = of.run()[0];
  return {of.read(first.out), of.read(count.out), of.read(second.out), of.read(cosine.out), loss};
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
        const std::vector<float> inverses = support::uniform(random, static_cast<size_t>(size.rows), 0.5, 2);
        const Found found = find(backend, a, b, inverses, occurrence);
        const double tolerance = exact ? 0 : 2e-6;
        check_matches(found.matches, a, b, std::vector<double>(b.rows), tolerance);
        std::vector<double> penalties(b.rows);
        for (size_t i = 0; i < a.rows; ++i)
          penalties[static_cast<size_t>(found.matches[2 * i])] += occurrence;
        CHECK_ALL_CLOSE(found.penalties, penalties, 0);
        check_matches(found.again, a, b, penalties, tolerance);

        reference::Units units(a);
        units.rows = a;
        for (size_t i = 0; i < a.rows; ++i) units.lengths[i] = 1 / static_cast<double>(inverses[i]);
        std::vector<double> matches;
        for (size_t i = 0; i < a.rows; ++i) matches.push_back(static_cast<double>(found.again[2 * i]));
        reference::Matrix gradient;
        const double n = static_cast<double>(a.rows);
        const double loss = reference::match_loss(units, b, matches, 0.75 * n, gradient);
        // Of a single row the gradient is what is away from itself.
        CHECK_ALL_CLOSE(found.gradient, gradient.values, size.rows == 1 ? 0 : 1e-5);
        CHECK_CLOSE(found.loss, loss / 3, 1e-6 * (std::abs(loss) + n));
      }
    }
  }
}

}  // namespace nearest

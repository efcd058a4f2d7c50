// What is compared of samples, on any backend: the chains of operations that the losses emit, at sizes that fit no vector and
// no block, against the reference in double.
#pragma once

#include <stdexcept>

#include "check.h"
#include "reference/samples.h"
#include "steps.h"

namespace sample_losses {

using reference::Compared;
using reference::Matrix;
using scumble::Backend;
using steps::BufferId;
using steps::Shape;
using steps::Step;
using steps::Steps;
using support::Random;

struct Sizes {
  int samples;
  int others;
  int channels;
};
const std::vector<Sizes> kSizes = {{1, 1, 1}, {2, 5, 3}, {33, 70, 17}, {70, 19, 133}, {97, 301, 40}};

// As features are: not negative, and some rows all zero.
inline Matrix samples(Random& random, int rows, int columns) {
  Matrix made(static_cast<size_t>(rows), static_cast<size_t>(columns));
  for (double& v : made.values) v = std::max(0.0, static_cast<double>(random.uniform(-0.2, 1)));
  if (rows > 4) std::fill_n(&made.at(3, 0), columns, 0.0);
  return made;
}

inline std::vector<float> floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

inline Matrix rounded(Matrix m) {
  for (double& v : m.values) v = static_cast<double>(static_cast<float>(v));
  return m;
}

inline Shape shape_of(const Matrix& m) {
  return {static_cast<int>(m.columns), static_cast<int>(m.rows), 1};
}

// A plan under construction whose steps are named and connected.
struct Chain : Steps {
  using Steps::Steps;

  Step step(const char* op, BufferId in, const Shape& out) {
    Step made{};
    made.op = op;
    made.in = in;
    made.out = dense(out);
    made.scale = 1;
    return made;
  }
  BufferId add(const Step& step) {
    emit(step);
    return step.out;
  }
};

inline void say(const char* what, const Sizes& size) {
  check::at() = std::string(what) + " " + std::to_string(size.samples) + " " + std::to_string(size.others) +
                " " + std::to_string(size.channels);
}

constexpr double kWeight = 1.75;

// Twice, the second time over what the first one left; the bytes are the same. Kinks nearer than rounding are
// passed on the other side, so their like are drawn anew.
inline void expect(Chain& chain, const std::vector<std::pair<BufferId, std::vector<float>>>& given,
                   BufferId gradient, const Compared& expected) {
  chain.compile();
  std::vector<float> before;
  for (int round = 0; round < 2; ++round) {
    for (const auto& [to, values] : given) chain.write(to, values);
    const double loss = chain.run()[0];
    CHECK_CLOSE(loss, kWeight * expected.loss, 3e-6 * kWeight * std::max(expected.loss, 0.1));
    std::vector<double> slope;
    for (const double v : expected.gradient.values) slope.push_back(kWeight * v);
    const std::vector<float> found = chain.read(gradient);
    double size = 0;
    for (const double v : slope) size = std::max(size, std::abs(v));
    if (size > 1e-12) {
      CHECK_ALL_CLOSE(found, slope, 2e-5);
    } else {
      for (const float v : found) CHECK_CLOSE(v, 0, 1e-6);
    }
    CHECK(round == 0 || found == before);
    before = found;
  }
}

template <typename Draw, typename Compare>
auto without_kinks(const Draw& draw, const Compare& compare) {
  for (int i = 0; i < 100; ++i) {
    auto drawn = draw();
    Compared found = compare(drawn);
    if (found.margin > 2e-6) return std::make_pair(std::move(drawn), std::move(found));
  }
  throw std::runtime_error("all that is drawn is near a kink: " + check::at());
}

inline void check_relaxed_emd(const Backend& backend, bool colours) {
  Random random(3);
  for (Sizes size : kSizes) {
    if (colours) size.channels = 3;
    say(colours ? "palette" : "relaxed emd", size);
    const auto [drawn, expected] = without_kinks(
        [&] {
          return std::make_pair(rounded(samples(random, size.samples, size.channels)),
                                rounded(samples(random, size.others, size.channels)));
        },
        [&](const auto& of) {
          return reference::relaxed_emd(of.first, of.second,
                                        colours ? reference::colour_cost : reference::cosine_cost);
        });
    const auto& [x, y] = drawn;
    Chain chain(backend);
    const BufferId xs = chain.dense(shape_of(x));
    const BufferId ys = chain.dense(shape_of(y));
    const Shape costs{size.others, size.samples, 1};
    Step cost = chain.step(colours ? "colour_costs" : "multiply", xs, costs);
    cost.other = ys;
    if (!colours) {
      cost.in = chain.add(chain.step("unit_rows", xs, shape_of(x)));
      cost.other = chain.add(chain.step("unit_rows", ys, shape_of(y)));
      cost.transpose_other = true;
      cost.scale = -1;
    }
    Step match = chain.step("match", chain.add(cost), {1, size.samples + size.others + 1, 1});
    match.scale = colours ? 0 : 1;
    match.slot = 0;
    match.loss_scale = kWeight;
    Step back = chain.step(colours ? "colour_match_back" : "match_back", chain.add(match), shape_of(x));
    back.other = cost.other;
    back.statistic = xs;
    back.scale = colours ? kWeight : -kWeight;
    BufferId gradient = chain.add(back);
    if (!colours) {
      Step units = chain.step("unit_rows_back", gradient, shape_of(x));
      units.other = xs;
      gradient = chain.add(units);
    }
    expect(chain, {{xs, floats(x.values)}, {ys, floats(y.values)}}, gradient, expected);
  }
}

inline void check_moments(const Backend& backend) {
  Random random(4);
  for (const Sizes& size : kSizes) {
    say("moments", size);
    const size_t d = static_cast<size_t>(size.channels);
    const auto [drawn, expected] = without_kinks(
        [&] {
          auto target = reference::moments(samples(random, size.others, size.channels));
          for (double& v : target) v = static_cast<double>(static_cast<float>(v));
          return std::make_pair(rounded(samples(random, size.samples, size.channels)), target);
        },
        [&](const auto& of) { return reference::moments_loss(of.first, of.second); });
    const auto& [x, target] = drawn;
    Chain chain(backend);
    const BufferId xs = chain.dense(shape_of(x));
    const BufferId means = chain.dense({size.channels, 2, 1});
    const Shape matrix{size.channels, size.channels, 1};
    const BufferId covariance = chain.dense(matrix);
    Step centre = chain.step("centre", xs, shape_of(x));
    centre.other = means;
    centre.statistic = chain.dense({size.channels, 2, 1});
    Step product = chain.step("multiply", chain.add(centre), matrix);
    product.other = product.in;
    product.transpose_in = true;
    product.scale = 1.0 / size.samples;
    Step moments = chain.step("moments", chain.add(product), matrix);
    moments.other = covariance;
    moments.statistic = centre.statistic;
    moments.slot = 0;
    moments.loss_scale = kWeight / size.channels;
    moments.scale = 2 * kWeight / (size.channels * static_cast<double>(size.channels) * size.samples);
    Step back = chain.step("multiply", centre.out, shape_of(x));
    back.other = chain.add(moments);
    chain.emit(back);
    Step slope{};
    slope.op = "add_mean_slope";
    slope.statistic = centre.statistic;
    slope.out = back.out;
    slope.scale = kWeight / (static_cast<double>(size.channels) * size.samples);
    chain.emit(slope);
    std::vector<double> first(target.begin(), target.begin() + static_cast<ptrdiff_t>(d));
    first.resize(2 * d);
    const std::vector<double> rest(target.begin() + static_cast<ptrdiff_t>(d), target.end());
    expect(chain, {{xs, floats(x.values)}, {means, floats(first)}, {covariance, floats(rest)}}, back.out,
           expected);
  }
}

// Of three sets of the target, one by lot; and where all samples are alike, a loss but no more slope than
// rounding.
inline void check_self_similarity(const Backend& backend) {
  Random random(5);
  constexpr int kSets = 3;
  for (const Sizes& size : kSizes) {
    say("self-similarity", size);
    const int n = size.samples;
    const uint64_t seed = random.bits();
    const size_t set = static_cast<size_t>(scumble::lot(seed, 0) % kSets);
    const size_t count = static_cast<size_t>(n) * static_cast<size_t>(n);
    struct Drawn {
      Matrix x;
      std::vector<Matrix> sets;
      std::vector<double> shares;
    };
    const auto [drawn, expected] = without_kinks(
        [&] {
          Drawn made{rounded(samples(random, n, size.channels)), {}, {}};
          for (int i = 0; i < kSets; ++i) {
            made.sets.push_back(rounded(samples(random, n, size.channels)));
            const auto shares = reference::self_similarity(made.sets.back());
            made.shares.insert(made.shares.end(), shares.begin(), shares.end());
          }
          return made;
        },
        [&](const Drawn& of) { return reference::self_similarity_loss(of.x, &of.shares[set * count]); });
    Chain chain(backend);
    const Shape matrix{n, n, 1};
    const auto cosines = [&](BufferId units) {
      Step made = chain.step("multiply", units, matrix);
      made.other = units;
      made.transpose_other = true;
      return chain.add(made);
    };
    std::vector<std::pair<BufferId, std::vector<float>>> given;
    const BufferId targets = chain.dense({n, kSets * n, 1});
    for (int i = 0; i < kSets; ++i) {
      const BufferId of = chain.dense(shape_of(drawn.x));
      given.emplace_back(of, floats(drawn.sets[static_cast<size_t>(i)].values));
      Step shares{};
      shares.op = "distance_shares";
      shares.in = cosines(chain.add(chain.step("unit_rows", of, shape_of(drawn.x))));
      shares.out = targets;
      shares.first_row = i * n;
      chain.emit(shares);
    }
    const BufferId xs = chain.dense(shape_of(drawn.x));
    given.emplace_back(xs, floats(drawn.x.values));
    const BufferId units = chain.add(chain.step("unit_rows", xs, shape_of(drawn.x)));
    Step compare = chain.step("self_similarity", cosines(units), matrix);
    compare.other = targets;
    compare.scratch = chain.dense(matrix);
    compare.seed = seed;
    compare.slot = 0;
    compare.scale = compare.loss_scale = kWeight / n;
    Step back = chain.step("multiply", chain.add(compare), shape_of(drawn.x));
    back.other = units;
    Step rows = chain.step("unit_rows_back", chain.add(back), shape_of(drawn.x));
    rows.other = xs;
    Step choose = chain.step("choose", targets, matrix);
    choose.seed = seed;
    const BufferId chosen = chain.add(choose);
    expect(chain, given, chain.add(rows), expected);
    const std::vector<float> all = chain.read(targets);
    const auto first = all.begin() + static_cast<ptrdiff_t>(set * count);
    CHECK(chain.read(chosen) == std::vector<float>(first, first + static_cast<ptrdiff_t>(count)));
    CHECK_ALL_CLOSE(all, drawn.shares, 1e-5);
  }
}

inline void check_all(const Backend& backend) {
  check_relaxed_emd(backend, false);
  check_relaxed_emd(backend, true);
  check_moments(backend);
  check_self_similarity(backend);
}

}  // namespace sample_losses

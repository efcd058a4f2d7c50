// What terms are made of: statistics of features, differences from targets, and their gradients.
#include "../cpp/cpu/kernels/difference.h"
#include "../cpp/cpu/kernels/gram.h"
#include "../cpp/cpu/kernels/histogram.h"
#include "../cpp/cpu/kernels/mean_std.h"
#include "../cpp/cpu/kernels/tv.h"
#include "../cpp/cpu/kernels/tv_squares.h"
#include "../cpp/cpu/kernels/weigh.h"
#include "../cpp/cpu/network.h"
#include "kernels.h"

namespace {

// A value's place among points is a number up to 255, rounded to 8e-6, and so is its share between two.
constexpr double kPlace = 3e-5;

std::vector<float> guide_for(Random& random, int height, int width) {
  return support::uniform(random, static_cast<size_t>(height) * static_cast<size_t>(width), 0, 2);
}

// Of every channel.
struct Range {
  std::vector<float> low;
  std::vector<float> high;

  explicit Range(const reference::Tensor& t)
      : low(static_cast<size_t>(t.channels), INFINITY), high(low.size(), -INFINITY) {
    for (size_t i = 0; i < t.values.size(); ++i) {
      const float value = static_cast<float>(t.values[i]);
      low[i % low.size()] = std::min(low[i % low.size()], value);
      high[i % low.size()] = std::max(high[i % low.size()], value);
    }
  }

  double point_of(double value, size_t channel, int points) const {
    const double from = static_cast<double>(low[channel]);
    const double to = static_cast<double>(high[channel]);
    return to > from ? (value - from) / (to - from) * (points - 1) : 0;
  }
};

}  // namespace

TEST(gram) {
  Random random(4);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor features = support::random_tensor(random, channels, height, width, -0.5, 1);
    const std::vector<double> expected = reference::gram(features);
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, channels);
      const size_t c = static_cast<size_t>(channels);
      Bordered f(features);
      std::vector<double> sums(c * c);
      for (size_t block = 0; block < scumble::cpu::blocks_of(channels, isa->block); ++block) {
        const int end = std::min(channels, static_cast<int>(block + 1) * isa->block);
        in_parts(height, [&](int y0, int y1) {
          in_parts(end, [&](int i0, int i1) {
            kernels::gram_sums (*isa)(f.view(), static_cast<int>(block), i0, i1, y0, y1, sums.data());
          });
        });
      }
      std::vector<double> upper;
      std::vector<double> expected_upper;
      for (size_t i = 0; i < c; ++i) {
        for (size_t j = i; j < c; ++j) {
          upper.push_back(sums[i * c + j] / features.elements());
          expected_upper.push_back(expected[i * c + j]);
        }
      }
      CHECK_ALL_CLOSE(upper, expected_upper, kSums);
    }
  });
}

TEST(content) {
  Random random(8);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::random_tensor(random, channels, height, width);
    const reference::Tensor target = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    const float scale = 0.75f;
    for (const Isa* isa : support::isas()) {
      for (const bool accumulate : {false, true}) {
        for (const bool mask : {false, true}) {
          say(*isa, height, width, channels);
          double loss = 0;
          reference::Tensor expected(channels, height, width);
          for (size_t i = 0; i < in.values.size(); ++i) {
            const double d = in.values[i] - target.values[i];
            loss += d * d;
            expected.values[i] = static_cast<double>(scale) * d;
          }
          if (accumulate) add(expected, before);
          if (mask) expected = reference::masked(expected, positive);
          Bordered source(in);
          Bordered targets(target);
          Bordered masks(positive);
          Bordered out = over_garbage(before);
          double found = 0;
          in_parts(height, [&](int y0, int y1) {
            found +=
                kernels::tensor_difference(*isa)(source.view(), targets.view().at, out.view(),
                                                 mask ? masks.view().at : nullptr, accumulate, scale, y0, y1);
          });
          CHECK_CLOSE(found, loss, kElementwise * loss);
          CHECK_ALL_CLOSE(out.inside(), expected.values, kElementwise);
          CHECK(out.border_is_zero());
        }
      }
    }
  });
}

TEST(total_variation) {
  Random random(9);
  for (const auto& [height, width] : kSizes) {
    for (const bool coarse : {false, true}) {
      const reference::Tensor picture = coarse ? support::coarse_tensor(random, 3, height, width)
                                               : support::random_tensor(random, 3, height, width, 0, 255);
      reference::Tensor gradient(3, height, width);
      const double loss = reference::total_variation(picture, 0.25, gradient);
      // Of eighths, to which quarters add exactly.
      reference::Tensor before = support::coarse_tensor(random, 3, height, width);
      for (double& v : before.values) v /= 8;
      for (const Isa* isa : support::isas()) {
        for (const bool accumulate : {false, true}) {
          say(*isa, height, width, 3, accumulate ? "added" : "");
          const std::vector<float> source = support::floats(picture);
          std::vector<float> out(source.size(), kGarbage);
          if (accumulate) out = support::floats(before);
          double found = 0;
          in_parts(height, [&, w = width, h = height](int y0, int y1) {
            found += kernels::tv(*isa)(source.data(), w, h, out.data(), accumulate, 0.25f, y0, y1);
          });
          reference::Tensor expected = gradient;
          if (accumulate) add(expected, before);
          CHECK_CLOSE(0.25 * found, loss, kElementwise * loss);
          CHECK(out == support::floats(expected));
        }
      }
    }
  }
}

TEST(total_variation_of_squares) {
  using reference::Squares;
  Random random(19);
  for (const auto& [height, width] : kSizes) {
    for (const Squares kind : {Squares::squared, Squares::gradient, Squares::diagonal}) {
      const reference::Tensor picture = support::random_tensor(random, 3, height, width, 0, 255);
      const reference::Tensor before = support::random_tensor(random, 3, height, width);
      reference::Tensor gradient(3, height, width);
      const double loss = reference::squared_variation(kind, picture, 0.25, gradient);
      const scumble::Variation by = reference::variation_of(kind, height, width);
      for (const Isa* isa : support::isas()) {
        for (const bool accumulate : {false, true}) {
          say(*isa, height, width, 3, "kind " + std::to_string(static_cast<int>(kind)));
          const std::vector<float> source = support::floats(picture);
          std::vector<float> out(source.size(), kGarbage);
          if (accumulate) out = support::floats(before);
          double found = 0;
          in_parts(height, [&, w = width, h = height](int y0, int y1) {
            found +=
                kernels::tv_squares(*isa)(source.data(), w, h, by, out.data(), accumulate, 0.25f, y0, y1);
          });
          reference::Tensor expected = gradient;
          if (accumulate) add(expected, before);
          CHECK_CLOSE(0.25 * found, loss, kElementwise * loss);
          CHECK_ALL_CLOSE(out, expected.values, kElementwise);
        }
      }
    }
  }
}

TEST(weigh) {
  Random random(14);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::random_tensor(random, channels, height, width);
    const std::vector<float> guide = guide_for(random, height, width);
    reference::Tensor expected = in;
    for (size_t i = 0; i < in.values.size(); ++i)
      expected.values[i] *= static_cast<double>(guide[i / static_cast<size_t>(channels)]);
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, channels);
      Bordered source(in);
      Bordered out(channels, height, width, kGarbage);
      in_parts(height, [&](int y0, int y1) {
        kernels::weigh (*isa)(source.view(), guide.data(), out.view(), y0, y1);
      });
      CHECK(out.inside() == support::floats(expected));
      CHECK(out.border_is_zero());
    }
  });
}

// In double, and so almost exact: a variance is a small difference of such sums.
TEST(channel_sums) {
  Random random(15);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor features = support::random_tensor(random, channels, height, width, 3, 4);
    const std::vector<float> guide = guide_for(random, height, width);
    const size_t c = static_cast<size_t>(channels);
    for (const bool guided : {false, true}) {
      std::vector<double> expected(2 * c, 0.5);
      for (size_t i = 0; i < features.values.size(); ++i) {
        const double by = guided ? static_cast<double>(guide[i / c]) : 1;
        expected[i % c] += by * by * features.values[i];
        expected[c + i % c] += by * by * features.values[i] * features.values[i];
      }
      for (const Isa* isa : support::isas()) {
        say(*isa, height, width, channels, guided ? "guided" : "");
        Bordered f(features);
        std::vector<double> sums(2 * c, 0.5);  // what is there is added to
        in_parts(height, [&](int y0, int y1) {
          in_parts(channels, [&](int c0, int c1) {
            kernels::channel_sums (*isa)(f.view(), guided ? guide.data() : nullptr, c0, c1, y0, y1,
                                         sums.data());
          });
        });
        CHECK_ALL_CLOSE(sums, expected, 1e-14);
      }
    }
  });
}

TEST(mean_std_back) {
  Random random(16);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    const std::vector<float> guide = guide_for(random, height, width);
    const size_t c = static_cast<size_t>(channels);
    const auto mean = support::uniform(random, c, -1, 1);
    const auto by_mean = support::uniform(random, c, -1, 1);
    const auto by_deviation = support::uniform(random, c, -1, 1);
    for (int ways = 0; ways < 8; ++ways) {
      const bool accumulate = ways % 2 == 1;
      const bool mask = ways / 2 % 2 == 1;
      const bool guided = ways / 4 == 1;
      reference::Tensor expected(channels, height, width);
      for (size_t i = 0; i < in.values.size(); ++i) {
        const double by = guided ? static_cast<double>(guide[i / c]) : 1;
        const double away = in.values[i] - static_cast<double>(mean[i % c]);
        expected.values[i] =
            by * by * (static_cast<double>(by_mean[i % c]) + static_cast<double>(by_deviation[i % c]) * away);
      }
      if (accumulate) add(expected, before);
      if (mask) expected = reference::masked(expected, positive);
      for (const Isa* isa : support::isas()) {
        say(*isa, height, width, channels, "way " + std::to_string(ways));
        Bordered source(in);
        Bordered masks(positive);
        Bordered out = over_garbage(before);
        in_parts(height, [&](int y0, int y1) {
          kernels::mean_std_back (*isa)(source.view(), mean.data(), by_mean.data(), by_deviation.data(),
                                        guided ? guide.data() : nullptr, out.view(),
                                        mask ? masks.view().at : nullptr, accumulate, y0, y1);
        });
        CHECK_ALL_CLOSE(out.inside(), expected.values, kElementwise);
        CHECK(out.border_is_zero());
      }
    }
  });
}

TEST(channel_range) {
  Random random(17);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor features = support::random_tensor(random, channels, height, width);
    const size_t c = static_cast<size_t>(channels);
    const Range expected(features);
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, channels);
      Bordered f(features);
      // The border's zeros are no values.
      std::vector<float> low(c, INFINITY);
      std::vector<float> high(c, -INFINITY);
      in_parts(channels, [&](int c0, int c1) {
        in_parts(height, [&](int y0, int y1) {
          kernels::channel_range (*isa)(f.view(), c0, c1, y0, y1, low.data(), high.data());
        });
      });
      CHECK(low == expected.low);
      CHECK(high == expected.high);
    }
  });
}

TEST(histogram_counts) {
  Random random(18);
  each_shape([&](int height, int width, int channels) {
    for (const bool coarse : {false, true}) {
      const reference::Tensor features = coarse ? support::coarse_tensor(random, channels, height, width)
                                                : support::random_tensor(random, channels, height, width);
      const Range range(features);
      const size_t c = static_cast<size_t>(channels);
      for (const int bins : {256, 7, 2}) {
        std::vector<double> expected(static_cast<size_t>(bins) * c, 0.5);
        for (size_t i = 0; i < features.values.size(); ++i) {
          const double at = range.point_of(features.values[i], i % c, bins);
          const size_t below = std::min(static_cast<size_t>(at), static_cast<size_t>(bins - 2));
          expected[below * c + i % c] += 1 - (at - static_cast<double>(below));
          expected[(below + 1) * c + i % c] += at - static_cast<double>(below);
        }
        for (const Isa* isa : support::isas()) {
          say(*isa, height, width, channels, std::to_string(bins) + (coarse ? " coarse" : ""));
          Bordered f(features);
          std::vector<double> counts(expected.size(), 0.5);
          in_parts(height, [&](int y0, int y1) {
            in_parts(channels, [&](int c0, int c1) {
              kernels::histogram_counts (*isa)(f.view(), range.low.data(), range.high.data(), bins, c0, c1,
                                               y0, y1, counts.data());
            });
          });
          CHECK_ALL_CLOSE(counts, expected, kPlace);
          double total = 0;
          for (const double count : counts) total += count - 0.5;
          CHECK_CLOSE(total, features.elements(), 1e-12 * features.elements());
        }
      }
    }
  });
}

TEST(histogram_back) {
  Random random(19);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    const Range range(in);
    const size_t c = static_cast<size_t>(channels);
    const int bins = 256;
    const auto map = support::uniform(random, bins * c, -1, 1);
    double loss = 0;
    reference::Tensor away(channels, height, width);
    for (size_t i = 0; i < in.values.size(); ++i) {
      const double at = range.point_of(in.values[i], i % c, bins);
      const size_t below = std::min(static_cast<size_t>(at), static_cast<size_t>(bins - 2));
      const double share = at - static_cast<double>(below);
      const double mapped = (1 - share) * static_cast<double>(map[below * c + i % c]) +
                            share * static_cast<double>(map[(below + 1) * c + i % c]);
      const double d = in.values[i] - mapped;
      loss += d * d;
      away.values[i] = 0.75 * d;
    }
    for (const bool accumulate : {false, true}) {
      for (const bool mask : {false, true}) {
        reference::Tensor expected = away;
        if (accumulate) add(expected, before);
        if (mask) expected = reference::masked(expected, positive);
        for (const Isa* isa : support::isas()) {
          say(*isa, height, width, channels);
          Bordered source(in);
          Bordered masks(positive);
          Bordered out = over_garbage(before);
          double found = 0;
          in_parts(height, [&](int y0, int y1) {
            found += kernels::histogram_back(*isa)(
                source.view(), range.low.data(), range.high.data(), map.data(), bins, out.view(),
                mask ? masks.view().at : nullptr, accumulate, 0.75f, y0, y1);
          });
          CHECK_CLOSE(found, loss, kPlace * loss);
          CHECK_ALL_CLOSE(out.inside(), expected.values, kPlace);
          CHECK(out.border_is_zero());
        }
      }
    }
  });
}

// A diverged picture cannot hide in a histogram, nor write outside it.
TEST(not_a_number_in_a_histogram) {
  for (const float poison : {NAN, INFINITY, -INFINITY}) {
    for (const Isa* isa : support::isas()) {
      say(*isa, 2, 3, 5, std::to_string(poison));
      Bordered in(5, 2, 3, 1);
      in.view().pixel(1, 1)[2] = poison;
      std::vector<float> low(5, INFINITY);
      std::vector<float> high(5, -INFINITY);
      kernels::channel_range (*isa)(in.view(), 0, 5, 0, 2, low.data(), high.data());
      std::vector<double> counts(5 * 8);
      kernels::histogram_counts (*isa)(in.view(), low.data(), high.data(), 8, 0, 5, 0, 2, counts.data());
      double total = 0;
      for (const double count : counts) total += count;
      CHECK(total == 30);
      const std::vector<float> map(5 * 8, 1);
      Bordered out(5, 2, 3);
      const double loss = kernels::histogram_back(*isa)(in.view(), low.data(), high.data(), map.data(), 8,
                                                        out.view(), nullptr, false, 1, 0, 2);
      CHECK(!std::isfinite(loss));
    }
  }
}

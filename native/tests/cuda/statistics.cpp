// Channel means and deviations, histograms, and the gradients of both, called as the backend calls them: against the
// reference in double, with the padding checked, and the same bytes in every order.
#include "pointwise.h"

using namespace pointwise;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

// Positions that count by their guide's square, which has a mean of 1.
struct Guide {
  std::vector<double> weights;
  std::vector<float> values;

  Guide(Random& numbers, const reference::Tensor& features, bool guided)
      : weights(static_cast<size_t>(features.positions()), 1.0), values(weights.size()) {
    if (!guided) return;
    values = support::uniform(numbers, weights.size(), 0.1, 1);
    double sum = 0;
    for (const float g : values) sum += static_cast<double>(g) * static_cast<double>(g);
    const double scale = std::sqrt(static_cast<double>(values.size()) / sum);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(static_cast<double>(values[i]) * scale);
      weights[i] = static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
  }
};

constexpr int kPoints = 256;
constexpr int kQuantiles = 256;

std::vector<float> histogram_of(const device::Tensor& features, const reference::Tensor& shape,
                                Arithmetic precision) {
  const size_t channels = static_cast<size_t>(shape.channels);
  const Array<float> out(channels * (2 + kPoints));
  const Array<unsigned char> scratch(cuda::histogram_bytes(shape.channels, shape.height, shape.width));
  cuda::histogram(features.view(), kPoints, out.get(), scratch.get(), precision, nullptr);
  return out.values();
}

std::vector<float> quantiles_of(const std::vector<float>& histogram, int channels) {
  const Array<float> from(histogram);
  const Array<float> out(static_cast<size_t>(channels) * kQuantiles);
  cuda::quantiles(from.get(), channels, kPoints, kQuantiles, out.get(), nullptr);
  return out.values();
}

// More positions than a block counts at once, and channels of several blocks; with zeros, as ReLUs leave them.
const std::vector<std::pair<int, std::pair<int, int>>> kLarge = {{3, {70, 70}}, {40, {9, 600}}};

template <typename Visit>
void each_of_histograms(const Visit& visit) {
  for (const Arithmetic precision : kPrecisions) {
    for (const int channels : {1, 13, 40}) {
      for (const auto& [height, width] : kSizes) visit(precision, channels, height, width);
    }
    for (const auto& [channels, size] : kLarge) visit(precision, channels, size.first, size.second);
  }
}

reference::Tensor rectified(Random& numbers, int channels, int height, int width, Arithmetic precision) {
  return reference::relu(random(numbers, channels, height, width, precision));
}

}  // namespace

TEST(means_and_deviations) {
  device::in_every_order(
      [] {
        Random numbers(1);
        each_shape([&](Arithmetic precision, int channels, int height, int width) {
          const reference::Tensor features = random(numbers, channels, height, width, precision);
          const device::Tensor from(features, precision);
          for (const bool guided : {false, true}) {
            const Guide guide(numbers, features, guided);
            const Array<float> guides(guide.values);
            const Array<double> sums(cuda::channel_sums_bytes(channels, height, width) / sizeof(double));
            const Array<float> out(2 * static_cast<size_t>(channels));
            const int middle = height / 3;
            const std::vector<std::vector<cuda::Rows>> ways = {
                {{0, height}}, {{middle, height - middle}, {0, 0}, {0, middle}}};
            for (const auto& regions : ways) {
              for (size_t i = 0; i < regions.size(); ++i) {
                cuda::channel_sums(from.view(), guided ? guides.get() : nullptr, regions[i], i > 0,
                                   sums.get(), precision, nullptr);
              }
              cuda::mean_std(sums.get(), from.view(), 1 / features.positions(), out.get(), nullptr);
              CHECK_ALL_CLOSE(out.values(), reference::mean_std(features, guide.weights), 2e-7);
            }
          }
        });
      },
      2);
}

// A large mean does not drown a small deviation.
TEST(a_small_deviation) {
  Random numbers(2);
  const reference::Tensor features = support::random_tensor(numbers, 20, 33, 17, 1000, 1001);
  const device::Tensor from(features, Arithmetic::float32);
  const Array<double> sums(cuda::channel_sums_bytes(20, 33, 17) / sizeof(double));
  const Array<float> out(40);
  cuda::channel_sums(from.view(), nullptr, {0, 33}, false, sums.get(), Arithmetic::float32, nullptr);
  cuda::mean_std(sums.get(), from.view(), 1 / features.positions(), out.get(), nullptr);
  const std::vector<double> expected =
      reference::mean_std(features, std::vector<double>(static_cast<size_t>(features.positions()), 1));
  const std::vector<float> found = out.values();
  for (size_t k = 20; k < 40; ++k) CHECK_CLOSE(found[k], expected[k], 1e-6 * expected[k]);
}

TEST(gradient_of_means_and_deviations) {
  Random numbers(3);
  each_shape([&](Arithmetic precision, int channels, int height, int width) {
    const size_t c = static_cast<size_t>(channels);
    const reference::Tensor in = random(numbers, channels, height, width, precision);
    const reference::Tensor mask = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor there = random(numbers, channels, height, width, precision);
    const device::Tensor from(in, precision);
    const device::Tensor masks(mask, precision);
    std::vector<float> statistic = support::uniform(numbers, 2 * c, 0.25, 1);
    statistic[2 * c - 1] = 0;  // all alike
    const std::vector<float> by = support::uniform(numbers, 2 * c, -1, 1);
    const Array<float> statistics(statistic);
    const Array<float> bys(by);
    for (const bool guided : {false, true}) {
      const Guide guide(numbers, in, guided);
      const Array<float> guides(guide.values);
      reference::Tensor gradient(channels, height, width);
      for (size_t i = 0; i < in.values.size(); ++i) {
        const size_t k = i % c;
        const double mean = static_cast<double>(statistic[k]);
        const double deviation = static_cast<double>(statistic[c + k]);
        double slope = static_cast<double>(by[k]);
        if (deviation > 0) slope += static_cast<double>(by[c + k]) * (in.values[i] - mean) / deviation;
        gradient.values[i] = 0.125 * guide.weights[i / c] * slope;
      }
      for (const Epilogue& epilogue : kEpilogues) {
        const device::Tensor to = target_of(epilogue, there, precision);
        cuda::mean_std_back(from.view(), guided ? guides.get() : nullptr, statistics.get(), bys.get(), 0.125,
                            gradient_of(epilogue, to, masks), precision, nullptr);
        expect(to, finished(gradient, epilogue, there, mask), 2 * elementwise(precision));
      }
    }
  });
}

// Counts are the same bytes in every order, though blocks add to each other's.
TEST(histograms_and_quantiles) {
  Random numbers(4);
  each_of_histograms([&](Arithmetic precision, int channels, int height, int width) {
    say(precision, height, width, channels);
    const reference::Tensor features = rectified(numbers, channels, height, width, precision);
    const device::Tensor from(features, precision);
    const std::vector<float> found = histogram_of(from, features, precision);
    double total = 0;
    for (size_t i = 2 * static_cast<size_t>(channels); i < found.size(); ++i)
      total += static_cast<double>(found[i]);
    CHECK_CLOSE(total, features.elements(), 1e-6 * features.elements());
    CHECK_ALL_CLOSE(quantiles_of(found, channels), reference::quantiles(features), 1e-4);
    device::in_every_order([&] { CHECK(histogram_of(from, features, precision) == found); }, 2);
  });
}

TEST(gradient_of_histograms) {
  Random numbers(5);
  each_of_histograms([&](Arithmetic precision, int channels, int height, int width) {
    say(precision, height, width, channels);
    const reference::Tensor in = random(numbers, channels, height, width, precision);
    const reference::Tensor mask = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor there = random(numbers, channels, height, width, precision);
    const std::vector<double> target =
        reference::quantiles(support::random_tensor(numbers, channels, 12, 11, -2, 3));
    const std::vector<double> counterparts = reference::counterparts(in, target);
    reference::Tensor gradient(channels, height, width);
    double loss = 0;
    for (size_t i = 0; i < in.values.size(); ++i) {
      const double d = in.values[i] - counterparts[i];
      loss += 0.25 * d * d;
      gradient.values[i] = 1.75 * d;
    }
    const device::Tensor from(in, precision);
    const device::Tensor masks(mask, precision);
    const Array<float> targets(std::vector<float>(target.begin(), target.end()));
    const Array<float> histogram(histogram_of(from, in, precision));
    const Array<unsigned char> scratch(cuda::histogram_back_bytes(channels, kPoints));
    for (const Epilogue& epilogue : kEpilogues) {
      const device::Tensor to = target_of(epilogue, there, precision);
      const Slot slot;
      const cuda::HistogramBack back{histogram.get(), kPoints, targets.get(), kQuantiles, 1.75, 0.25,
                                     slot.view()};
      cuda::histogram_back(from.view(), back, gradient_of(epilogue, to, masks), scratch.get(), precision,
                           nullptr);
      expect(to, finished(gradient, epilogue, there, mask), precision == Arithmetic::bf16 ? 5e-3 : 1e-4);
      CHECK_CLOSE(slot.sum(), loss, 1e-4 * loss);
    }
  });
}

// What is not a number lies at the start, and what is keeps its place.
TEST(not_a_number_in_a_histogram) {
  for (const Arithmetic precision : kPrecisions) {
    reference::Tensor features(1, 1, 4);
    features.values = {1, NAN, 2, 3};
    const device::Tensor from(features, precision);
    const std::vector<float> found = histogram_of(from, features, precision);
    CHECK(found[0] == 1);
    CHECK(found[1] == 3);
    CHECK(found[2] == 2);
    CHECK(found[2 + kPoints - 1] == 1);
  }
}

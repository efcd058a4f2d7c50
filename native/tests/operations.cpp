// Operations alone, on plans made by hand: statistics taken region by region are those of the whole.
#include "check.h"
#include "steps.h"
#include "support.h"

using scumble::BufferId;
using scumble::Shape;
using scumble::Step;
using scumble::cpu::CpuBackend;
using scumble::cpu::Isa;
using steps::Steps;
using support::Random;

namespace {

struct Region {
  int first;
  int rows;
};

// Regions that rows may be divided into, in whatever order they come.
std::vector<std::vector<Region>> regions_of(int height) {
  const int middle = height / 3;
  std::vector<std::vector<Region>> found = {{{0, height}},
                                            {{0, middle}, {middle, height - middle}},
                                            {{middle, height - middle}, {0, 0}, {0, middle}}};
  found.emplace_back();
  for (int y = 0; y < height; ++y) found.back().push_back({y, 1});
  return found;
}

const std::vector<Shape> kShapes = {{1, 1, 1}, {5, 3, 2}, {17, 31, 9}, {70, 5, 13}, {260, 6, 5}};

// Sums over regions, then what `finish` makes of them. Twice, because the second run finds the sums used.
template <typename Finish>
std::vector<float> in_regions(const Isa& isa, const Shape& shape, std::string_view sums_op,
                              const std::vector<Region>& regions, const std::vector<float>& features,
                              const std::vector<float>& guide, const Finish& finish) {
  const CpuBackend backend(isa);
  Steps plan(backend);
  const BufferId in = plan.tensor(shape);
  const BufferId guides = guide.empty() ? scumble::kNoBuffer : plan.dense({1, shape.height, shape.width});
  const BufferId sums = plan.working(sums_op, shape);
  for (size_t i = 0; i < regions.size(); ++i) {
    Step step{};
    step.op = sums_op;
    step.in = in;
    step.guide = guides;
    step.out = sums;
    step.first_row = regions[i].first;
    step.rows = regions[i].rows;
    step.accumulate = i > 0;
    plan.emit(step);
  }
  const BufferId out = finish(plan, sums);
  plan.compile();
  plan.write(in, features);
  if (!guide.empty()) plan.write(guides, guide);
  plan.run();
  const std::vector<float> found = plan.read(out);
  plan.run();
  CHECK(plan.read(out) == found);
  return found;
}

void say(const Isa& isa, const Shape& shape, size_t way) {
  check::at() = std::string(isa.name) + " " + std::to_string(shape.height) + "x" +
                std::to_string(shape.width) + "x" + std::to_string(shape.channels) + " way " +
                std::to_string(way);
}

}  // namespace

TEST(gram_matrices_of_regions) {
  Random random(1);
  for (const Shape& shape : kShapes) {
    const reference::Tensor features =
        support::random_tensor(random, shape.channels, shape.height, shape.width, -0.5, 1);
    const std::vector<double> expected = reference::gram(features);
    const auto ways = regions_of(shape.height);
    for (const Isa* isa : support::isas()) {
      for (size_t way = 0; way < ways.size(); ++way) {
        say(*isa, shape, way);
        const auto gram = [&](Steps& plan, BufferId sums) {
          Step step{};
          step.op = "gram";
          step.in = sums;
          step.out = plan.dense({shape.channels, shape.channels, 1});
          step.scale = 1 / features.elements();
          plan.emit(step);
          return step.out;
        };
        const auto found =
            in_regions(*isa, shape, "gram_sums", ways[way], support::floats(features), {}, gram);
        CHECK_ALL_CLOSE(found, expected, 2e-6);
      }
    }
  }
}

TEST(means_and_deviations_of_regions) {
  Random random(2);
  for (const Shape& shape : kShapes) {
    const reference::Tensor features =
        support::random_tensor(random, shape.channels, shape.height, shape.width, -0.5, 1);
    const auto ways = regions_of(shape.height);
    for (const bool guided : {false, true}) {
      const std::vector<float> guide =
          guided ? support::uniform(random, shape.positions(), 0, 1) : std::vector<float>{};
      // Weights with a mean of 1, as a guide's squares have; here the scale makes them so.
      double weight = 0;
      for (const float g : guide) weight += static_cast<double>(g) * static_cast<double>(g);
      if (!guided) weight = features.positions();
      std::vector<double> weights(shape.positions(), 1);
      for (size_t i = 0; i < guide.size(); ++i)
        weights[i] =
            static_cast<double>(guide[i]) * static_cast<double>(guide[i]) * features.positions() / weight;
      const std::vector<double> expected = reference::mean_std(features, weights);
      for (const Isa* isa : support::isas()) {
        for (size_t way = 0; way < ways.size(); ++way) {
          say(*isa, shape, way);
          const auto finish = [&](Steps& plan, BufferId sums) {
            Step step{};
            step.op = "mean_std";
            step.in = sums;
            step.out = plan.dense({shape.channels, 2, 1});
            step.scale = 1 / weight;
            plan.emit(step);
            return step.out;
          };
          const auto found =
              in_regions(*isa, shape, "channel_sums", ways[way], support::floats(features), guide, finish);
          CHECK_ALL_CLOSE(found, expected, 1e-7);
        }
      }
    }
  }
}

// A large mean does not drown a small deviation.
TEST(a_small_deviation) {
  Random random(3);
  const Shape shape{20, 33, 17};
  const reference::Tensor features =
      support::random_tensor(random, shape.channels, shape.height, shape.width, 1000, 1001);
  const std::vector<double> weights(shape.positions(), 1);
  for (const Isa* isa : support::isas()) {
    say(*isa, shape, 0);
    const auto finish = [&](Steps& plan, BufferId sums) {
      Step step{};
      step.op = "mean_std";
      step.in = sums;
      step.out = plan.dense({shape.channels, 2, 1});
      step.scale = 1 / features.positions();
      plan.emit(step);
      return step.out;
    };
    const std::vector<float> found =
        in_regions(*isa, shape, "channel_sums", {{0, 33}}, support::floats(features), {}, finish);
    const std::vector<double> expected = reference::mean_std(features, weights);
    for (size_t k = 0; k < 20; ++k) CHECK_CLOSE(found[20 + k], expected[20 + k], 1e-6 * expected[20 + k]);
  }
}

// Of many channels, whose histograms are made in one part of the rows for want of memory, and of few.
TEST(quantiles) {
  Random random(4);
  for (const Shape& shape : {Shape{3, 40, 33}, Shape{33, 17, 31}, Shape{200, 19, 12}, Shape{2100, 3, 5}}) {
    const reference::Tensor features =
        support::random_tensor(random, shape.channels, shape.height, shape.width, -0.5, 1);
    const std::vector<double> expected = reference::quantiles(features);
    for (const Isa* isa : support::isas()) {
      say(*isa, shape, 0);
      const CpuBackend backend(*isa);
      Steps plan(backend);
      Step histogram{};
      histogram.op = "histogram";
      histogram.in = plan.tensor(shape);
      histogram.scratch = plan.working("histogram", shape);
      histogram.out = plan.dense({shape.channels, 2 + 256, 1});
      plan.emit(histogram);
      Step quantiles{};
      quantiles.op = "quantiles";
      quantiles.in = histogram.out;
      quantiles.out = plan.dense({shape.channels, 256, 1});
      plan.emit(quantiles);
      plan.compile();
      plan.write(histogram.in, support::floats(features));
      plan.run();
      CHECK_ALL_CLOSE(plan.read(quantiles.out), expected, 1e-4);
      const std::vector<float> counts = plan.read(histogram.out);
      double total = 0;
      for (size_t i = 2 * static_cast<size_t>(shape.channels); i < counts.size(); ++i)
        total += static_cast<double>(counts[i]);
      CHECK_CLOSE(total, features.elements(), 1e-5 * features.elements());
    }
  }
}

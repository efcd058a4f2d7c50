// The whole objective and its gradient with respect to the picture: the engine in float32, with every
// instruction set, against the reference in double, and the reference against finite differences. Over VGG
// shapes and prefixes of them, every kind of layer and pooling, odd and tiny sizes.
#include <optional>
#include <stdexcept>

#include "../cpp/core/plan.h"
#include "check.h"
#include "support.h"

using scumble::LayerTerm;
using scumble::Objective;
using scumble::Padding;
using scumble::Pooling;
using scumble::Rounding;
using support::Random;

namespace {

// float32 keeps 6e-8 per rounding; errors grow along up to 16 layers and back.
constexpr double kGradient = 1e-4;
constexpr double kLoss = 1e-5;
// A kink nearer than this may be passed on the other side in float32: then another picture is drawn.
constexpr double kMargin = 2e-6;

// Convolutions per block of VGG-11, 13, 16 and 19.
const std::vector<std::vector<int>> kVgg = {
    {1, 1, 2, 2, 2}, {2, 2, 2, 2, 2}, {2, 2, 3, 3, 3}, {2, 2, 4, 4, 4}};

struct Size {
  int height;
  int width;
};

struct Case {
  std::string name;
  reference::Model model;
  Objective objective;
  Size content{};
  Size style{};
};

struct Setting {
  reference::Tensor content;
  std::vector<reference::Style> styles;
  reference::Targets targets;
  reference::Tensor start;
  Objective objective;  // with weights that make every term count
  reference::Point expected;
};

// Pictures differ in brightness and contrast.
reference::Tensor picture(Random& random, Size size) {
  const double low = static_cast<double>(random.uniform(0, 128));
  return support::random_tensor(random, 3, size.height, size.width, low,
                                low + static_cast<double>(random.uniform(32, 127)));
}

Setting draw(const Case& of, uint64_t seed) {
  Random random(seed);
  Setting s;
  s.content = picture(random, of.content);
  s.styles = {{picture(random, of.style), 0.75},
              {picture(random, {of.style.width + 1, of.style.height}), 0.25}};
  s.start = picture(random, of.content);
  s.objective = of.objective;
  s.targets = reference::targets_of(of.model, s.objective, s.content, s.styles);
  const reference::Point plain = reference::evaluate(of.model, s.objective, s.targets, s.start);
  const auto level = [&](double& weight, double loss) {
    weight *= (loss > 0 ? 1 / loss : 1) * static_cast<double>(random.uniform(0.5, 2));
  };
  for (size_t t = 0; t < s.objective.content.size(); ++t)
    level(s.objective.content[t].weight, plain.losses.content[t]);
  for (size_t t = 0; t < s.objective.style.size(); ++t)
    level(s.objective.style[t].weight, plain.losses.style[t]);
  level(s.objective.tv_weight, plain.losses.tv);
  s.expected = reference::evaluate(of.model, s.objective, s.targets, s.start);
  return s;
}

// How far the exact losses move when every weight moves by a few roundings of float32 (and the targets do
// not), in units of the tolerance. Where it is more than half (a loss that is a small difference of large
// features), no float32 engine can be held to the tolerance.
double sensitivity(const Case& of, const Setting& s, uint64_t seed) {
  Random random(seed);
  double worst = 0;
  for (int round = 0; round < 4; ++round) {
    reference::Model moved = of.model;
    for (auto& w : moved.weights) {
      for (float& v : w.weight) v += v * random.uniform(-2e-7, 2e-7);
      for (float& v : w.bias) v += v * random.uniform(-2e-7, 2e-7);
    }
    const reference::Point point = reference::evaluate(moved, s.objective, s.targets, s.start);
    const auto compare = [&](const std::vector<double>& losses, const std::vector<double>& exact) {
      for (size_t t = 0; t < losses.size(); ++t) {
        if (exact[t] > 0) worst = std::max(worst, std::abs(losses[t] / exact[t] - 1) / kLoss);
      }
    };
    compare(point.losses.content, s.expected.losses.content);
    compare(point.losses.style, s.expected.losses.style);
  }
  return worst;
}

// The first draw that float32 can be held to, or none.
std::optional<Setting> find(const Case& of, uint64_t seed) {
  for (uint64_t i = 0; i < 30; ++i) {
    Setting s = draw(of, seed + i);
    if (s.expected.margin >= kMargin && sensitivity(of, s, seed + i) < 0.5) return s;
  }
  return std::nullopt;
}

Setting prepare(const Case& of, uint64_t seed) {
  std::optional<Setting> found = find(of, seed);
  if (!found) throw std::runtime_error("every picture is ill-conditioned: " + of.name);
  return std::move(*found);
}

void check_engine(const Case& of, const Setting& s) {
  const std::vector<float> content = support::floats(s.content);
  const std::vector<float> start = support::floats(s.start);
  std::vector<std::vector<float>> style_values;
  std::vector<scumble::StyleImage> styles;
  for (const auto& style : s.styles) style_values.push_back(support::floats(style.picture));
  for (size_t i = 0; i < s.styles.size(); ++i) {
    const auto& p = s.styles[i].picture;
    styles.push_back({support::view(style_values[i], p.width, p.height), s.styles[i].blend});
  }
  scumble::SessionOptions options;
  options.pooling = of.model.pooling;
  options.rounding = of.model.rounding;
  options.objective = s.objective;
  options.threads = 2;
  for (const scumble::cpu::Kernels* table : support::tables()) {
    check::at() = of.name + " " + table->name;
    const scumble::cpu::CpuBackend backend(*table);
    const auto network = backend.load(of.model.architecture, of.model.weights);
    const int width = of.content.width;
    const int height = of.content.height;
    scumble::Session session(backend, network, options, support::view(content, width, height), styles,
                             support::view(start, width, height), support::running());
    // Twice, because the second finds the arena used.
    for (int round = 0; round < 2; ++round) {
      const scumble::Losses losses = session.evaluate(support::running());
      std::vector<float> gradient(session.elements());
      session.read_gradient(gradient.data());
      CHECK_ALL_CLOSE(gradient, s.expected.gradient.values, kGradient);
      CHECK(losses.content.size() == s.expected.losses.content.size());
      CHECK(losses.style.size() == s.expected.losses.style.size());
      for (size_t t = 0; t < losses.content.size(); ++t) {
        const double expected = s.expected.losses.content[t];
        CHECK_CLOSE(losses.content[t], expected, kLoss * expected);
      }
      for (size_t t = 0; t < losses.style.size(); ++t) {
        const double expected = s.expected.losses.style[t];
        CHECK_CLOSE(losses.style[t], expected, kLoss * expected);
      }
      CHECK_CLOSE(losses.tv, s.expected.losses.tv, kLoss * s.expected.losses.tv);
      CHECK_CLOSE(losses.total, s.expected.losses.total, kLoss * s.expected.losses.total);
    }
  }
}

// Central differences at two steps; where they disagree there is a kink within the step, and the place is
// skipped.
void check_reference(const Case& of, const Setting& s, int places, uint64_t seed) {
  check::at() = of.name + " by differences";
  Random random(seed);
  const double norm = reference::norm(s.expected.gradient.values);
  int compared = 0;
  for (int i = 0; i < places; ++i) {
    const size_t at = random.bits() % s.start.values.size();
    const auto slope = [&](double step) {
      reference::Tensor moved = s.start;
      moved.values[at] = s.start.values[at] + step;
      const double above = reference::evaluate(of.model, s.objective, s.targets, moved).losses.total;
      moved.values[at] = s.start.values[at] - step;
      const double below = reference::evaluate(of.model, s.objective, s.targets, moved).losses.total;
      return (above - below) / (2 * step);
    };
    const double coarse = slope(1e-3);
    const double fine = slope(5e-4);
    if (std::abs(coarse - fine) > 1e-6 * norm) continue;
    ++compared;
    CHECK_CLOSE(fine, s.expected.gradient.values[at], 1e-6 * norm);
  }
  CHECK(2 * compared >= places);
}

const std::vector<Pooling> kPoolings = {Pooling::max, Pooling::average, Pooling::l2};

void prepare_input(reference::Model& model, bool unit, bool bgr, Padding padding) {
  auto& pre = model.architecture.preprocessing;
  pre.bgr = bgr;
  pre.padding = padding;
  if (unit) {
    pre.range = 1;
    pre.mean = {0.485f, 0.456f, 0.406f};
    pre.std = {0.229f, 0.224f, 0.225f};
  } else {
    pre.range = 255;
    pre.mean = {123.68f, 116.779f, 103.939f};
    pre.std = {1, 1, 1};
  }
  // Where biases reign, features deep down are alike for all pictures and their differences are lost in
  // rounding.
  for (auto& w : model.weights) {
    for (float& v : w.bias) v *= 0.05f;
  }
}

// A VGG shape with as many whole blocks as asked for, narrow.
reference::Model narrow_vgg(Random& random, size_t shape, size_t blocks, int least) {
  std::vector<int> depths(kVgg[shape].begin(), kVgg[shape].begin() + static_cast<ptrdiff_t>(blocks));
  return support::random_model(random, depths, [&] { return random.integer(least, 9); });
}

Case random_case(uint64_t seed) {
  Random random(seed);
  Case made;
  const size_t shape = random.bits() % 4;
  const std::vector<Size> sizes = {{1, 1}, {2, 3}, {3, 1}, {9, 6}, {17, 31}, {20, 13}};
  made.content = sizes[random.bits() % sizes.size()];
  const size_t blocks = 1 + random.bits() % 5;
  made.model = narrow_vgg(random, shape, blocks, 3);
  made.model.pooling = kPoolings[random.bits() % 3];
  prepare_input(made.model, random.bits() % 2 == 0, random.bits() % 2 == 0,
                random.bits() % 2 == 0 ? Padding::replicate : Padding::zero);
  made.style = {random.integer(1, 12), random.integer(1, 12)};
  const auto all = layers_of(made.model.architecture);
  const auto terms = [&](int count) {
    std::vector<LayerTerm> found;
    for (int i = 0; i < count; ++i) found.push_back({all[random.bits() % all.size()].name, 1});
    return found;
  };
  made.objective.content = terms(random.integer(0, 2));
  made.objective.style = terms(random.integer(0, 4));
  made.objective.tv_weight = random.integer(0, 1);
  int needed = 1;
  for (const auto* list : {&made.objective.content, &made.objective.style}) {
    for (const LayerTerm& term : *list) {
      needed = std::max(needed, smallest_size(made.model.architecture, term.layer, Rounding::floor));
    }
  }
  const int smallest =
      std::min({made.content.height, made.content.width, made.style.height, made.style.width});
  made.model.rounding = smallest < needed || random.bits() % 2 == 0 ? Rounding::ceil : Rounding::floor;
  made.name = "random case " + std::to_string(seed) + ", " + std::to_string(made.content.height) + "x" +
              std::to_string(made.content.width);
  return made;
}

// A case on a fixed network of two blocks: conv1_1 conv1_2 pool1 conv2_1 conv2_2 pool2.
Case small_case(const std::string& name, const std::vector<std::string>& content,
                const std::vector<std::string>& style, double tv) {
  Random random(77);
  Case made;
  made.name = name;
  made.model = support::random_model(random, {2, 2}, [&] { return random.integer(3, 9); });
  prepare_input(made.model, true, false, Padding::replicate);
  made.content = {9, 11};
  made.style = {8, 13};
  for (const auto& layer : content) made.objective.content.push_back({layer, 1});
  for (const auto& layer : style) made.objective.style.push_back({layer, 1});
  made.objective.tv_weight = tv;
  return made;
}

void check_both(const Case& of, uint64_t seed) {
  const Setting s = prepare(of, seed);
  check_engine(of, s);
  check_reference(of, s, 6, seed);
}

}  // namespace

TEST(which_layers_are_looked_at) {
  const std::vector<Case> cases = {
      small_case("only tv", {}, {}, 1),
      small_case("nothing", {}, {}, 0),
      small_case("only content", {"relu2_2"}, {}, 0),
      small_case("only style", {}, {"relu1_1", "relu2_1"}, 0),
      small_case("before the relu", {"conv2_2"}, {"conv1_1", "conv2_1"}, 0),
      small_case("before and after the relu", {"conv1_2", "relu1_2"}, {"relu1_2", "conv1_2"}, 1),
      small_case("the deepest is a pool", {"pool2"}, {"relu1_1"}, 0),
      small_case("pools", {"pool1"}, {"pool1", "pool2"}, 1),
      small_case("a layer for both", {"relu2_1"}, {"relu1_1", "relu2_1"}, 1),
      small_case("a layer twice", {"relu1_1", "relu1_1"}, {"relu1_1", "relu1_1"}, 0),
      small_case("every layer",
                 {"conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1", "conv2_2",
                  "relu2_2", "pool2"},
                 {"pool2", "relu2_2", "conv2_2", "relu2_1", "conv2_1", "pool1", "relu1_2", "conv1_2",
                  "relu1_1", "conv1_1"},
                 1),
      small_case("the first convolution", {"conv1_1"}, {"conv1_1"}, 0),
  };
  for (size_t i = 0; i < cases.size(); ++i) check_both(cases[i], 100 * i);
}

TEST(preprocessing) {
  for (const bool unit : {false, true}) {
    for (const bool bgr : {false, true}) {
      for (const Padding padding : {Padding::zero, Padding::replicate}) {
        for (const Size size : std::vector<Size>{{1, 1}, {1, 4}, {7, 6}}) {
          Case of = small_case("preprocessing", {"relu1_2"}, {"relu1_1"}, 0);
          prepare_input(of.model, unit, bgr, padding);
          of.content = size;
          check_both(of, 2000);
        }
      }
    }
  }
}

TEST(pooling_and_rounding) {
  for (const Pooling pooling : kPoolings) {
    for (const Rounding rounding : {Rounding::floor, Rounding::ceil}) {
      for (const Size size : std::vector<Size>{{4, 4}, {5, 7}, {17, 31}, {6, 9}}) {
        Case of = small_case("pooling", {"pool2"}, {"relu1_2", "relu2_1", "pool2"}, 0);
        of.model.pooling = pooling;
        of.model.rounding = rounding;
        of.content = size;
        check_both(of, 3000);
      }
    }
  }
}

TEST(whole_vgg) {
  for (size_t shape = 0; shape < kVgg.size(); ++shape) {
    for (const Size size : std::vector<Size>{{1, 1}, {2, 3}, {17, 31}, {33, 32}}) {
      Random random(40 + shape);
      Case of;
      of.name = "whole network " + std::to_string(shape) + " at " + std::to_string(size.height);
      of.model = narrow_vgg(random, shape, 5, 8);
      of.model.pooling = kPoolings[shape % 3];
      of.model.rounding = size.height < 32 ? Rounding::ceil : Rounding::floor;
      prepare_input(of.model, shape % 2 == 0, shape % 2 == 1, Padding::zero);
      of.content = size;
      of.style = {34, 32};
      // Deep down, all pictures of one pixel are nearly alike.
      of.objective.content = {{size.height < 17 ? "relu2_1" : "relu4_2", 1}};
      for (const char* layer : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", "pool5"})
        of.objective.style.push_back({layer, 1});
      of.objective.tv_weight = 1;
      const Setting s = prepare(of, 5000 + shape);
      check_engine(of, s);
    }
  }
}

TEST(random_networks) {
  int checked = 0;
  for (uint64_t seed = 0; seed < 80; ++seed) {
    const Case of = random_case(seed);
    const std::optional<Setting> s = find(of, 7000 + 100 * seed);
    if (!s) continue;
    ++checked;
    check_engine(of, *s);
    if (of.content.height * of.content.width < 100) check_reference(of, *s, 4, seed);
  }
  check::at() = "the number of cases";
  CHECK(checked >= 60);
}

// Channel counts on both sides of the vector widths, and several tasks per step.
TEST(wide_network) {
  Random random(9);
  Case of;
  of.name = "wide";
  const std::vector<int> widths = {17, 33, 64, 40};
  size_t next = 0;
  of.model = support::random_model(random, {2, 2}, [&] { return widths[next++]; });
  prepare_input(of.model, false, true, Padding::zero);
  of.content = {41, 53};
  of.style = {30, 37};
  of.objective.content = {{"relu2_2", 1}};
  of.objective.style = {{"relu1_1", 1}, {"conv1_2", 1}, {"relu2_1", 1}, {"pool2", 1}};
  const Setting s = prepare(of, 11);
  check_engine(of, s);
}

// numerics: sums over positions are as good at any size. Features with a large mean are the hard case: a
// float32 sum would lose digits with every position. In a flat picture all roundings of the short float32
// runs (256 positions) go the same way: at worst 256 / 2 * 2^-24 of the sum, at any size.
TEST(gram_of_many_positions) {
  for (const int size : {64, 512}) {
    for (const double spread : {0.0, 40.0}) {
      Random random(static_cast<uint64_t>(size));
      reference::Model model = support::random_model(random, {1}, [] { return 16; });
      for (float& bias : model.weights[0].bias) bias += 500;
      const reference::Tensor in = support::random_tensor(random, 3, size, size, 128 - spread, 128 + spread);
      const std::vector<float> values = support::floats(in);
      scumble::PlanRequest request;
      request.width = request.height = size;
      request.objective.content = {{"relu1_1", 1}};
      request.objective.style = {{"relu1_1", 1}};
      for (const scumble::cpu::Kernels* table : support::tables()) {
        check::at() = std::string(table->name) + " " + std::to_string(size) + " " + std::to_string(spread);
        const scumble::cpu::CpuBackend backend(*table);
        const auto network = backend.load(model.architecture, model.weights);
        const scumble::Plan plan = scumble::Plan::targets(backend, model.architecture, request);
        const auto program = backend.compile(network, plan, 2);
        program->write(plan.picture, values.data());
        program->run(nullptr, support::running());
        std::vector<float> dense(static_cast<size_t>(size) * static_cast<size_t>(size) * 16);
        program->read(plan.content[0], dense.data());
        reference::Tensor features(16, size, size);
        features.values.assign(dense.begin(), dense.end());
        std::vector<float> found(16 * 16);
        program->read(plan.style[0], found.data());
        CHECK_ALL_CLOSE(found, reference::gram(features), spread > 0 ? 1e-6 : 128 * 0x1p-24);
      }
    }
  }
}

// Objectives over small networks with what they come to in double: what every backend's engine is held
// against. Over VGG shapes and prefixes of them, every kind of layer and pooling, odd and tiny sizes. Include
// it after check.h.
#pragma once

#include <optional>
#include <stdexcept>

#include "../cpp/core/plan.h"
#include "check.h"
#include "support.h"

namespace cases {

using scumble::LayerTerm;
using scumble::Objective;
using scumble::Padding;
using scumble::Pooling;
using scumble::Rounding;
using support::Random;

// How far an engine may be off: the gradient relative to its norm, each loss relative to itself.
struct Tolerance {
  double gradient;
  double loss;
};
// float32 keeps 6e-8 per rounding; errors grow along up to 16 layers and back.
constexpr Tolerance kFloat32 = {1e-4, 1e-5};
// A kink nearer than this may be passed on the other side in float32: then another picture is drawn.
constexpr double kMargin = 2e-6;

// Convolutions per block of VGG-11, 13, 16 and 19.
inline const std::vector<std::vector<int>> kVgg = {
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
inline reference::Tensor picture(Random& random, Size size) {
  const double low = static_cast<double>(random.uniform(0, 128));
  return support::random_tensor(random, 3, size.height, size.width, low,
                                low + static_cast<double>(random.uniform(32, 127)));
}

inline Setting draw(const Case& of, uint64_t seed) {
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
inline double sensitivity(const Case& of, const Setting& s, uint64_t seed) {
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
        if (exact[t] > 0) worst = std::max(worst, std::abs(losses[t] / exact[t] - 1) / kFloat32.loss);
      }
    };
    compare(point.losses.content, s.expected.losses.content);
    compare(point.losses.style, s.expected.losses.style);
  }
  return worst;
}

// The first draw that float32 can be held to, or none.
inline std::optional<Setting> find(const Case& of, uint64_t seed) {
  for (uint64_t i = 0; i < 30; ++i) {
    Setting s = draw(of, seed + i);
    if (s.expected.margin >= kMargin && sensitivity(of, s, seed + i) < 0.5) return s;
  }
  return std::nullopt;
}

inline Setting prepare(const Case& of, uint64_t seed) {
  std::optional<Setting> found = find(of, seed);
  if (!found) throw std::runtime_error("every picture is ill-conditioned: " + of.name);
  return std::move(*found);
}

// The engine on `backend` against the reference.
inline void check_engine(const scumble::Backend& backend, const Case& of, const Setting& s,
                         const Tolerance& tolerance) {
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
    CHECK_ALL_CLOSE(gradient, s.expected.gradient.values, tolerance.gradient);
    CHECK(losses.content.size() == s.expected.losses.content.size());
    CHECK(losses.style.size() == s.expected.losses.style.size());
    for (size_t t = 0; t < losses.content.size(); ++t) {
      const double expected = s.expected.losses.content[t];
      CHECK_CLOSE(losses.content[t], expected, tolerance.loss * expected);
    }
    for (size_t t = 0; t < losses.style.size(); ++t) {
      const double expected = s.expected.losses.style[t];
      CHECK_CLOSE(losses.style[t], expected, tolerance.loss * expected);
    }
    CHECK_CLOSE(losses.tv, s.expected.losses.tv, tolerance.loss * s.expected.losses.tv);
    CHECK_CLOSE(losses.total, s.expected.losses.total, tolerance.loss * s.expected.losses.total);
  }
}

inline const std::vector<Pooling> kPoolings = {Pooling::max, Pooling::average, Pooling::l2};

inline void prepare_input(reference::Model& model, bool unit, bool bgr, Padding padding) {
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
inline reference::Model narrow_vgg(Random& random, size_t shape, size_t blocks, int least) {
  std::vector<int> depths(kVgg[shape].begin(), kVgg[shape].begin() + static_cast<ptrdiff_t>(blocks));
  return support::random_model(random, depths, [&] { return random.integer(least, 9); });
}

inline Case random_case(uint64_t seed) {
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
inline Case small_case(const std::string& name, const std::vector<std::string>& content,
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

}  // namespace cases

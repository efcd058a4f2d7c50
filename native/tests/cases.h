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

using scumble::Objective;
using scumble::Padding;
using scumble::Pooling;
using scumble::Rounding;
using support::Random;

// How far an engine may be off: the gradient relative to its norm, each loss relative to itself. A value's
// place among the 256 points of a histogram is known to 2e-5 of their distance, and what it is compared with
// may be quite another at the next point. A cosine of samples that are nearly parallel leaves little of 1. A distance of
// distributions is a small difference of traces, and the root in it keeps 1e-6 of the largest direction.
struct Tolerance {
  double gradient;
  double loss;
  double of(const scumble::Term& term) const {
    const bool small = term.kind == "histogram" || term.kind == "relaxed-emd" || term.kind == "wasserstein";
    return small ? 10 * loss : loss;
  }
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

// Images: 0 is of the picture's size, 1 and 2 of others.
const std::vector<scumble::Target> kContent = {{0}};
const std::vector<scumble::Target> kStyle = {{1, 0.75}, {2, 0.25}};
const std::vector<scumble::Target> kMatched = {{0, 1, -1, true}, {1, 0.75}, {2, 0.25}};

struct Case {
  std::string name;
  reference::Model model;
  std::optional<reference::Model> second;  // pools and rounds as the first
  Objective objective;
  Size content{};
  Size style{};
  std::vector<Size> masks;
};

struct Setting {
  reference::Scene scene;  // with weights that make every term count
  reference::Targets targets;
  reference::Tensor start;
  reference::Point expected;
};

// Pictures differ in brightness and contrast.
inline reference::Tensor picture(Random& random, Size size) {
  const double low = static_cast<double>(random.uniform(0, 128));
  return support::random_tensor(random, 3, size.height, size.width, low,
                                low + static_cast<double>(random.uniform(32, 127)));
}

// Soft, but for a corner that it leaves out.
inline reference::Tensor mask(Random& random, Size size) {
  reference::Tensor made = support::random_tensor(random, 1, size.height, size.width, 0, 1);
  if (made.values.size() > 1) made.values[0] = 0;
  return made;
}

inline Setting draw(const Case& of, uint64_t seed) {
  Random random(seed);
  Setting s;
  s.scene.models.push_back(of.model);
  if (of.second) {
    s.scene.models.push_back(*of.second);
    s.scene.models[1].pooling = of.model.pooling;
    s.scene.models[1].rounding = of.model.rounding;
    s.scene.models[1].pool_scale = of.model.pool_scale;
  }
  for (const Size& size : {of.content, of.style, Size{of.style.width + 1, of.style.height}})
    s.scene.images.push_back(picture(random, size));
  s.start = picture(random, of.content);
  for (const Size& size : of.masks) s.scene.masks.push_back(mask(random, size));
  s.scene.objective = of.objective;
  s.targets = reference::targets_of(s.scene, s.start);
  const reference::Point plain = reference::evaluate(s.scene, s.targets, s.start, nullptr, false);
  for (size_t t = 0; t < of.objective.terms.size(); ++t) {
    const double loss = plain.losses.terms[t];
    s.scene.objective.terms[t].weight *=
        (loss > 0 ? 1 / loss : 1) * static_cast<double>(random.uniform(0.5, 2));
  }
  s.expected = reference::evaluate(s.scene, s.targets, s.start);
  return s;
}

// How far the exact losses move when every weight moves by a few roundings of float32, and so does what
// histograms are compared with (other targets do not), in units of the tolerance. Where it is more than half
// (a loss that is a small difference of large features), no float32 engine can be held to the tolerance.
inline double sensitivity(const Setting& s, uint64_t seed) {
  Random random(seed);
  const auto& terms = s.scene.objective.terms;
  const auto is_histogram = [](const scumble::Term& term) { return term.kind == "histogram"; };
  const bool histograms = std::any_of(terms.begin(), terms.end(), is_histogram);
  double worst = 0;
  for (int round = 0; round < 4; ++round) {
    reference::Scene moved = s.scene;
    for (reference::Model& model : moved.models) {
      for (auto& w : model.weights) {
        for (float& v : w.weight) v += v * random.uniform(-2e-7, 2e-7);
        for (float& v : w.bias) v += v * random.uniform(-2e-7, 2e-7);
      }
    }
    reference::Targets targets = s.targets;
    if (histograms) {
      const reference::Targets found = reference::targets_of(moved, s.start);
      for (size_t t = 0; t < terms.size(); ++t) {
        if (is_histogram(terms[t])) targets[t] = found[t];
      }
    }
    reference::Point point = reference::evaluate(moved, targets, s.start, nullptr, false);
    if (histograms) {
      for (size_t t = 0; t < terms.size(); ++t) {
        if (!is_histogram(terms[t])) continue;
        auto& values = point.counterparts[t];
        double largest = 0;
        for (const double v : values) largest = std::max(largest, std::abs(v));
        for (double& v : values) v += largest * static_cast<double>(random.uniform(-1e-5, 1e-5));
      }
      point = reference::evaluate(moved, targets, s.start, &point, false);
    }
    for (size_t t = 0; t < terms.size(); ++t) {
      const double exact = s.expected.losses.terms[t];
      if (exact > 0)
        worst = std::max(worst, std::abs(point.losses.terms[t] / exact - 1) / kFloat32.of(terms[t]));
    }
  }
  return worst;
}

// The first draw that float32 can be held to, or none.
inline std::optional<Setting> find(const Case& of, uint64_t seed) {
  for (uint64_t i = 0; i < 30; ++i) {
    Setting s = draw(of, seed + i);
    if (s.expected.margin >= kMargin && sensitivity(s, seed + i) < 0.5) return s;
  }
  return std::nullopt;
}

inline Setting prepare(const Case& of, uint64_t seed) {
  std::optional<Setting> found = find(of, seed);
  if (!found) throw std::runtime_error("every picture is ill-conditioned: " + of.name);
  return std::move(*found);
}

// A session's ingredients as the engine takes them, kept alive.
struct Ingredients {
  std::vector<std::vector<float>> values;
  scumble::SessionImages images;
  scumble::Networks networks;
  scumble::SessionOptions options;

  Ingredients(const scumble::Backend& backend, const Setting& s) {
    const reference::Scene& scene = s.scene;
    for (const auto& t : scene.images) values.push_back(support::floats(t));
    for (const auto& t : scene.masks) values.push_back(support::floats(t));
    values.push_back(support::floats(s.start));
    auto next = values.begin();
    for (const auto& t : scene.images) images.targets.push_back(support::view(*next++, t.width, t.height));
    for (const auto& t : scene.masks) images.masks.push_back(support::mask_view(*next++, t.width, t.height));
    images.start = support::view(*next, s.start.width, s.start.height);
    for (const auto& model : scene.models)
      networks.push_back(backend.load(model.architecture, model.weights));
    options.pooling = scene.models[0].pooling;
    options.rounding = scene.models[0].rounding;
    options.pool_scale = scene.models[0].pool_scale;
    options.objective = scene.objective;
    options.threads = 2;
  }
};

// The engine on `backend` against the reference.
inline void check_engine(const scumble::Backend& backend, const Setting& s, const Tolerance& tolerance) {
  const Ingredients of(backend, s);
  scumble::Session session(backend, of.networks, of.options, of.images, support::running());
  // Twice, because the second finds the arena used.
  for (int round = 0; round < 2; ++round) {
    const scumble::Losses losses = session.evaluate(support::running());
    std::vector<float> gradient(session.elements());
    session.read_gradient(gradient.data());
    CHECK_ALL_CLOSE(gradient, s.expected.gradient.values, tolerance.gradient);
    CHECK(losses.terms.size() == s.expected.losses.terms.size());
    double within = 0;
    for (size_t t = 0; t < losses.terms.size(); ++t) {
      const double expected = s.expected.losses.terms[t];
      const double tolerated = tolerance.of(s.scene.objective.terms[t]) * expected;
      CHECK_CLOSE(losses.terms[t], expected, tolerated);
      within += tolerated;
    }
    CHECK_CLOSE(losses.total, s.expected.losses.total, within);
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

// Height or width from which a layer has an output, where pools round down.
inline int smallest_size(const scumble::Architecture& architecture, const std::string& layer) {
  int size = 1;
  for (const auto& l : layers_of(architecture)) {
    if (l.kind == scumble::LayerKind::pool) size *= 2;
    if (l.name == layer) break;
  }
  return size;
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
  int needed = 1;
  const auto add = [&](const char* kind, int count, const std::vector<scumble::Target>& targets) {
    for (int i = 0; i < count; ++i) {
      const std::string layer = all[random.bits() % all.size()].name;
      needed = std::max(needed, smallest_size(made.model.architecture, layer));
      support::add(made.objective, kind, layer, 1, targets);
    }
  };
  add("content", random.integer(0, 2), kContent);
  add("gram", random.integer(0, 4), kStyle);
  const int tv = random.integer(0, 1);
  if (tv > 0 || made.objective.terms.empty()) support::add_tv(made.objective, tv);
  const int smallest =
      std::min({made.content.height, made.content.width, made.style.height, made.style.width});
  made.model.rounding = smallest < needed || random.bits() % 2 == 0 ? Rounding::ceil : Rounding::floor;
  made.name = "random case " + std::to_string(seed) + ", " + std::to_string(made.content.height) + "x" +
              std::to_string(made.content.width);
  return made;
}

// Terms of every kind, masked or not, on one network or two.
inline Case random_objective(uint64_t seed) {
  Random random(seed + 1000);
  Case made;
  const std::vector<Size> sizes = {{1, 1}, {3, 2}, {7, 9}, {13, 10}, {21, 18}};
  made.content = sizes[random.bits() % sizes.size()];
  made.style = {random.integer(3, 14), random.integer(3, 14)};
  const auto network = [&] {
    reference::Model model = narrow_vgg(random, random.bits() % 4, 1 + random.bits() % 3, 3);
    prepare_input(model, random.bits() % 2 == 0, random.bits() % 2 == 0,
                  random.bits() % 2 == 0 ? Padding::replicate : Padding::zero);
    return model;
  };
  made.model = network();
  made.model.pooling = kPoolings[random.bits() % 3];
  made.model.rounding = Rounding::ceil;
  if (random.bits() % 2 == 0) made.second = network();
  for (int i = 0; i < 3; ++i) made.masks.push_back({random.integer(1, 20), random.integer(1, 20)});
  const std::vector<const char*> kinds = {"content", "gram", "mean-std", "histogram", "tv"};
  for (int count = random.integer(1, 6); count > 0; --count) {
    const std::string kind = kinds[random.bits() % kinds.size()];
    if (kind == "tv") {
      support::add_tv(made.objective, 1);
      continue;
    }
    const int index = made.second ? random.integer(0, 1) : 0;
    const auto all = layers_of((index == 0 ? made.model : *made.second).architecture);
    scumble::Term& term = support::add(made.objective, kind, all[random.bits() % all.size()].name, 1,
                                       kind == "content" ? kContent : kStyle);
    term.network = index;
    if (kind == "content" || kind == "histogram") continue;
    term.mask = random.integer(-1, 2);
    for (scumble::Target& target : term.targets) target.mask = random.integer(-1, 2);
  }
  made.name = "random objective " + std::to_string(seed);
  return made;
}

// A case on a fixed network of two blocks: conv1_1 conv1_2 pool1 conv2_1 conv2_2 pool2.
inline Case small_case(const std::string& name) {
  Random random(77);
  Case made;
  made.name = name;
  made.model = support::random_model(random, {2, 2}, [&] { return random.integer(3, 9); });
  prepare_input(made.model, true, false, Padding::replicate);
  made.content = {9, 11};
  made.style = {8, 13};
  return made;
}

// With the usual terms; one of total variation if there is no other, though it weigh nothing.
inline Case small_case(const std::string& name, const std::vector<std::string>& content,
                       const std::vector<std::string>& style, double tv) {
  Case made = small_case(name);
  for (const auto& layer : content) support::add(made.objective, "content", layer, 1, kContent);
  for (const auto& layer : style) support::add(made.objective, "gram", layer, 1, kStyle);
  if (tv > 0 || made.objective.terms.empty()) support::add_tv(made.objective, tv);
  return made;
}

}  // namespace cases

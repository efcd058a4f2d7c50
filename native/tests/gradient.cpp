// The whole objective and its gradient with respect to the picture: the engine in float32, with every
// instruction set, against the reference in double, and the reference against finite differences.
#include "check.h"
#include "check_both.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else

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

TEST(kinds_of_total_variation) {
  for (const char* kind : {"tv-squared", "tv-diagonal"}) {
    Case of = small_case(kind, {"relu1_1"}, {}, 0);
    support::add(of.objective, kind, "", 3, {});
    check_both(of, 9000);
  }
  // Its loss is not counted, so differences do not show its gradient.
  Case of = small_case("tv-gradient", {"relu1_1"}, {}, 0);
  support::add(of.objective, "tv-gradient", "", 0.01, {});
  check_cpu(of, prepare(of, 9100));
}

TEST(pools_that_rescale) {
  for (const auto pooling : {scumble::Pooling::max, scumble::Pooling::average, scumble::Pooling::l2}) {
    Case of = small_case("pools that rescale", {"relu2_1"}, {"pool1", "pool2"}, 0);
    of.model.pooling = pooling;
    of.model.pool_scale = 0.78;
    check_both(of, 9200);
  }
}

// What is followed is no gradient of any loss: only the reference can show it.
TEST(normalized_gradients) {
  Case of = small_case("normalized", {"relu1_1", "relu2_1", "pool1"}, {"relu1_1", "conv1_2", "relu2_2"}, 1);
  support::add(of.objective, "mean-std", "relu1_2", 1, kStyle);
  double weight = 0.5;
  for (scumble::Term& term : of.objective.terms) {
    term.normalize = true;
    term.weight = weight += 1;
  }
  check_cpu(of, prepare(of, 9300));
}

TEST(moments_and_histograms) {
  const auto with = [](const std::string& name, const std::vector<const char*>& layers,
                       const std::vector<const char*>& kinds) {
    Case of = small_case(name);
    for (const char* layer : layers) {
      for (const char* kind : kinds) {
        const bool content = std::string(kind) == "content";
        support::add(of.objective, kind, layer, 1, content ? kContent : kStyle);
      }
    }
    return of;
  };
  const std::vector<Case> cases = {
      with("means and deviations", {"conv1_2", "relu2_1", "pool1"}, {"mean-std"}),
      with("means and deviations, the deepest", {"relu2_2"}, {"mean-std"}),
      with("histograms", {"conv1_2", "relu2_1", "pool1"}, {"histogram"}),
      with("histograms, the deepest", {"pool2"}, {"histogram"}),
      with("every kind", {"relu1_2", "conv2_1"}, {"histogram", "mean-std", "gram", "content"}),
      with("every kind, the other way round", {"conv2_1", "relu1_2"},
           {"content", "gram", "mean-std", "histogram"}),
      with("before and after the relu", {"conv1_1", "relu1_1"}, {"mean-std", "histogram"}),
  };
  for (size_t i = 0; i < cases.size(); ++i) check_both(cases[i], 10000 + 100 * i);
}

// One position, or a few, of which many are alike.
TEST(moments_and_histograms_of_few_positions) {
  for (const Size size : std::vector<Size>{{1, 1}, {1, 2}, {3, 1}, {2, 5}}) {
    Case of = small_case("few positions");
    of.model.rounding = Rounding::ceil;
    of.content = size;
    for (const char* layer : {"relu1_1", "conv2_1", "pool2"}) {
      support::add(of.objective, "mean-std", layer, 1, kStyle);
      support::add(of.objective, "histogram", layer, 1, kStyle);
    }
    check_both(of, 11000);
  }
}

// Softly, for the picture and for its targets, by masks that are smaller, larger and of the same size.
TEST(masks) {
  const std::vector<scumble::Target> masked = {{1, 0.75, 1}, {2, 0.25, 2}};
  const auto with = [&](const std::string& name, int mask, const std::vector<scumble::Target>& targets) {
    Case of = small_case(name);
    of.masks = {{4, 5}, {9, 11}, {31, 17}, {1, 3}};
    for (const char* layer : {"relu1_1", "conv2_1", "pool1", "relu2_2"}) {
      support::add(of.objective, "gram", layer, 1, targets).mask = mask;
      support::add(of.objective, "mean-std", layer, 1, targets).mask = mask;
    }
    return of;
  };
  check_both(with("the picture, by a small mask", 0, kStyle), 12000);
  check_both(with("the picture, by a mask of its size", 1, kStyle), 12100);
  check_both(with("the picture, by a large mask", 2, kStyle), 12200);
  check_both(with("the targets", -1, masked), 12300);
  check_both(with("both", 3, masked), 12400);
  // Two parts of one image.
  check_both(with("a target twice", 1, {{1, 0.5, 0}, {2, 0.25}, {1, 0.25, 3}}), 12500);
  Case of = with("several masks at a layer", 0, kStyle);
  for (size_t t = 0; t < of.objective.terms.size(); ++t) of.objective.terms[t].mask = static_cast<int>(t % 4);
  support::add(of.objective, "gram", "relu1_1", 1, kStyle);
  support::add(of.objective, "content", "relu1_1", 1, kContent);
  check_both(of, 12600);
}

// Targets need not be blended to a mean.
TEST(blends_are_used_as_given) {
  for (const char* kind : {"content", "gram", "mean-std", "histogram"}) {
    Case of = small_case(std::string("blends of ") + kind);
    of.style = of.content;
    const bool content = std::string(kind) == "content";
    std::vector<scumble::Target> targets = {{1, 1.5}, {0, -0.75}, {1, 0.5}};
    if (!content) targets.push_back({2, 1});
    support::add(of.objective, kind, "relu1_2", 1, targets);
    support::add(of.objective, kind, "relu2_1", 1, {{0, 1}, {1, 1}});
    check_both(of, 13000);
  }
}

TEST(two_networks) {
  for (const Pooling pooling : kPoolings) {
    Case of = small_case("two networks");
    of.model.pooling = pooling;
    Random random(78);
    of.second = support::random_model(random, {1, 2, 1}, [&] { return random.integer(3, 9); });
    prepare_input(*of.second, false, true, Padding::zero);
    of.masks = {{5, 7}};
    support::add(of.objective, "gram", "relu2_1", 1, kStyle).network = 1;
    support::add(of.objective, "content", "relu2_1", 1, kContent);
    support::add_tv(of.objective, 1);
    support::add(of.objective, "mean-std", "relu1_1", 1, kStyle);
    scumble::Term& guided = support::add(of.objective, "mean-std", "conv2_2", 1, kStyle);
    guided.network = 1;
    guided.mask = 0;
    support::add(of.objective, "content", "conv3_1", 1, kContent).network = 1;
    check_both(of, 14000);
    // One that nothing looks at is as good as none.
    of.name = "only the second network";
    of.objective.terms.erase(of.objective.terms.begin() + 1, of.objective.terms.begin() + 4);
    check_both(of, 14100);
  }
}

// What several terms say of the picture adds up, in whatever place among the others they stand.
TEST(terms_of_the_picture) {
  Case of = small_case("only two of the picture");
  support::add_tv(of.objective, 1);
  support::add_tv(of.objective, 0.3);
  check_both(of, 15000);
  of = small_case("among others");
  support::add_tv(of.objective, 1);
  support::add(of.objective, "content", "relu2_1", 1, kContent);
  support::add_tv(of.objective, 0.3);
  support::add(of.objective, "gram", "relu1_1", 1, kStyle);
  support::add_tv(of.objective, 2);
  check_both(of, 15100);
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
      support::add(of.objective, "content", size.height < 17 ? "relu2_1" : "relu4_2", 1, kContent);
      for (const char* layer : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", "pool5"})
        support::add(of.objective, "gram", layer, 1, kStyle);
      support::add_tv(of.objective, 1);
      const Setting s = prepare(of, 5000 + shape);
      check_cpu(of, s);
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
    check_cpu(of, *s);
    if (of.content.height * of.content.width < 100) check_reference(of, *s, 4, seed);
  }
  check::at() = "the number of cases";
  CHECK(checked >= 60);
}

// Objectives of every kind of term, with masks and blends, on one or two networks.
TEST(random_objectives) {
  int checked = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Case of = random_objective(seed);
    const std::optional<Setting> s = find(of, 20000 + 100 * seed);
    if (!s) continue;
    ++checked;
    check_cpu(of, *s);
    if (of.content.height * of.content.width < 100) check_reference(of, *s, 4, seed);
  }
  check::at() = "the number of cases";
  CHECK(checked >= 30);
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
  support::add(of.objective, "content", "relu2_2", 1, kContent);
  for (const char* layer : {"relu1_1", "conv1_2", "relu2_1", "pool2"})
    support::add(of.objective, "gram", layer, 1, kStyle);
  of.objective.terms[1].mask = 0;
  of.masks = {{30, 50}};
  for (const char* layer : {"relu1_2", "conv2_2"}) {
    support::add(of.objective, "mean-std", layer, 1, kStyle).mask = 0;
    support::add(of.objective, "histogram", layer, 1, kStyle);
  }
  const Setting s = prepare(of, 11);
  check_cpu(of, s);
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
      request.objective = support::objective_of({"relu1_1"}, {"relu1_1"}, 0);
      for (scumble::Term& term : request.objective.terms) term.targets = {{0}};
      for (const scumble::cpu::Isa* isa : support::isas()) {
        check::at() = std::string(isa->name) + " " + std::to_string(size) + " " + std::to_string(spread);
        const scumble::cpu::CpuBackend backend(*isa);
        const auto network = backend.load(model.architecture, model.weights);
        const scumble::Plan plan = scumble::Plan::collect(backend, {&model.architecture}, request, 0);
        const auto program = backend.compile({network}, plan, 2);
        program->write(plan.picture, values.data());
        program->run(nullptr, support::running(), 0);
        std::vector<float> dense(static_cast<size_t>(size) * static_cast<size_t>(size) * 16);
        program->read(plan.targets[0][0], dense.data());
        reference::Tensor features(16, size, size);
        features.values.assign(dense.begin(), dense.end());
        std::vector<float> found(16 * 16);
        program->read(plan.targets[1][0], found.data());
        CHECK_ALL_CLOSE(found, reference::gram(features), spread > 0 ? 1e-6 : 128 * 0x1p-24);
      }
    }
  }
}

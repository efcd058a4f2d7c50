// The whole objective and its gradient with respect to the picture: the engine in float32, with every
// instruction set, against the reference in double, and the reference against finite differences.
#include "cases.h"
#include "check.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

void check_cpu(const Case& of, const Setting& s) {
  for (const scumble::cpu::Kernels* table : support::tables()) {
    check::at() = of.name + " " + table->name;
    check_engine(scumble::cpu::CpuBackend(*table), of, s, kFloat32);
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

void check_both(const Case& of, uint64_t seed) {
  const Setting s = prepare(of, seed);
  check_cpu(of, s);
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

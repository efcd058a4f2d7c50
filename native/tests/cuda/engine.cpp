// The whole engine on the CUDA backend: its gradient against the reference and against the CPU's.
#include <optional>

#include "job.h"
#ifdef SCUMBLE_STAND_IN
#include "stand_in/control.h"
#endif

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

std::vector<float> gradient_of(scumble::Session& session) {
  std::vector<float> gradient(session.elements());
  session.evaluate(support::running());
  session.read_gradient(gradient.data());
  return gradient;
}

// How far the gradient may be from the CPU's, with average pooling. A ReLU whose input is within rounding of
// zero may go either way, and a share p of such pixels moves the gradient by sqrt(p) of its norm: reduced
// precision shows mostly as that, and more so layer by layer.
struct Mode {
  Arithmetic precision;
  const char* name;
  double shallow;  // two blocks
  double deep;     // five
};
const std::vector<Mode> kModes = {{Arithmetic::float32, "float32", 1e-5, 1e-5},
                                  {Arithmetic::tf32, "tf32", 1e-3, 2e-2},
                                  {Arithmetic::bf16, "bf16", 2e-2, 6e-2}};

}  // namespace

TEST(cuda_gradients_against_the_reference) {
  const CudaBackend backend(0, Arithmetic::float32);
  const std::vector<Case> all = {
      small_case("only tv", {}, {}, 1),
      small_case("before and after the relu", {"conv1_2", "relu1_2"}, {"relu1_2", "conv1_2"}, 1),
      small_case("a layer for both, and a pool", {"relu2_1", "pool1"}, {"relu1_1", "relu2_1", "pool2"}, 1),
      small_case("the first convolution", {"conv1_1"}, {"conv1_1"}, 0),
  };
  for (size_t i = 0; i < all.size(); ++i) {
    for (const Pooling pooling : kPoolings) {
      Case of = all[i];
      of.model.pooling = pooling;
      of.model.rounding = i % 2 == 0 ? Rounding::ceil : Rounding::floor;
      prepare_input(of.model, i % 2 == 0, i > 1, i % 2 == 0 ? Padding::replicate : Padding::zero);
      const Setting s = prepare(of, 100 * i);
      check::at() = of.name;
      device::in_every_order([&] { check_engine(backend, s, kFloat32); }, 2);
    }
  }
}

TEST(cuda_gradients_against_the_cpu) {
  for (const size_t blocks : {size_t{2}, size_t{5}}) {
    const Job of = make(Pooling::average, {35, 42}, 8, blocks);
    scumble::Session exact = of.start(cpu_backend());
    // The start is the content, so what is compared is the gradient of the style and of the total variation.
    const std::vector<float> expected = gradient_of(exact);
    for (const Mode& mode : kModes) {
      check::at() = std::string(mode.name) + " " + std::to_string(blocks);
      const CudaBackend backend(0, mode.precision);
      scumble::Session session = of.start(backend);
      CHECK_ALL_CLOSE(gradient_of(session), expected, blocks == 2 ? mode.shallow : mode.deep);
    }
  }
}

// Two blocks whose layers have 64 channels.
Job wide_job() {
  Job of = make(Pooling::average, {19, 18}, 8, 2);
  Random random(22);
  of.model = support::random_model(random, {2, 2}, [] { return 64; });
  of.model.pooling = Pooling::average;
  prepare_input(of.model, false, false, Padding::zero);
  return of;
}

// Only the network's first convolution has kernels for three channels; others have a mask, and add to what is
// there.
TEST(cuda_gradients_of_three_channels_further_on) {
  Case of =
      small_case("three channels", {"conv1_2", "relu2_2"}, {"relu1_2", "relu1_3", "pool1", "relu2_1"}, 0);
  Random random(23);
  const std::vector<int> widths = {8, 3, 8, 3, 8};
  size_t next = 0;
  of.model = support::random_model(random, {3, 2}, [&] { return widths[next++]; });
  of.model.pooling = Pooling::average;
  prepare_input(of.model, true, false, Padding::replicate);
  const Setting s = prepare(of, 5);
  // TF32 was off by 2e-3, bfloat16 by 4e-2, their losses by 1e-3 and 2e-2.
  const std::vector<Tolerance> tolerances = {kFloat32, {6e-3, 3e-3}, {8e-2, 5e-2}};
  for (size_t i = 0; i < kModes.size(); ++i) {
    check::at() = std::string(of.name) + ", " + kModes[i].name;
    check_engine(CudaBackend(0, kModes[i].precision), s, tolerances[i]);
  }
}

// In float32 Winograd's algorithm takes these.
TEST(cuda_gradients_of_wide_layers) {
  const Job of = wide_job();
  scumble::Session exact = of.start(cpu_backend());
  scumble::Session session = of.start(CudaBackend(0, Arithmetic::float32));
  CHECK_ALL_CLOSE(gradient_of(session), gradient_of(exact), 1e-5);
}

// Layers of 64 channels, which the kernels of compute capability 9.0 take where they may: they round where
// the portable ones do, so that they are much closer to these than to the exact ones.
TEST(cuda_gradients_of_hopper) {
  const Job of = wide_job();
  const auto gradient = [&](scumble::cuda::KernelSet kernels) {
    const scumble::cuda::KernelsHere here(kernels);
    scumble::Session session = of.start(CudaBackend(0, Arithmetic::bf16));
    return gradient_of(session);
  };
  const std::vector<float> portable = gradient(scumble::cuda::KernelSet::portable);
  CHECK_ALL_CLOSE(gradient(scumble::cuda::KernelSet::fast), portable, 2e-3);
  scumble::Session exact = of.start(cpu_backend());
  CHECK_ALL_CLOSE(portable, gradient_of(exact), 3e-2);
#ifdef SCUMBLE_STAND_IN
  // And they did take them.
  stand_in::break_products(true);
  const std::vector<float> broken = gradient(scumble::cuda::KernelSet::fast);
  stand_in::break_products(false);
  CHECK(!(check::relative_error(broken, portable) < 0.1));
#endif
}

// Every kind of term, masked or not, over one network or two, with several at one layer.
TEST(cuda_gradients_of_every_kind) {
  const CudaBackend backend(0, Arithmetic::float32);
  for (const Pooling pooling : {Pooling::max, Pooling::average}) {
    Case of = small_case("every kind");
    of.model.pooling = pooling;
    Random random(78);
    of.second = support::random_model(random, {1, 2}, [&] { return random.integer(3, 9); });
    prepare_input(*of.second, false, true, Padding::zero);
    of.masks = {{5, 7}, {31, 17}};
    support::add_tv(of.objective, 1);
    support::add(of.objective, "histogram", "relu1_2", 1, kStyle);
    support::add(of.objective, "mean-std", "relu1_2", 1, {{1, 0.75, 1}, {2, 0.25}}).mask = 0;
    support::add(of.objective, "gram", "relu1_2", 1, {{1, 0.75}, {2, 0.25, 0}}).mask = 1;
    support::add(of.objective, "content", "relu1_2", 1, kContent);
    support::add_tv(of.objective, 0.3);
    support::add(of.objective, "mean-std", "conv2_2", 1, kStyle).network = 1;
    support::add(of.objective, "gram", "relu1_1", 1, kStyle).network = 1;
    support::add(of.objective, "histogram", "pool2", 1, kStyle).network = 1;
    const Setting s = prepare(of, 16000);
    device::in_every_order([&] { check_engine(backend, s, kFloat32); }, 2);
  }
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    const Case of = random_objective(seed);
    const std::optional<Setting> s = find(of, seed);
    check::at() = of.name;
    if (s) check_engine(backend, *s, kFloat32);
  }
}

// The same in every precision, against the CPU.
TEST(cuda_gradients_of_statistics) {
  Job of = make(Pooling::average, {24, 21}, 8, 2);
  of.options.objective = {};
  Random random(24);
  of.masks = {support::uniform(random, 35, 0, 1)};
  support::add(of.options.objective, "gram", "relu1_1", 100, {{1}}).mask = 0;
  support::add(of.options.objective, "mean-std", "relu1_2", 100, {{1}}).mask = 0;
  support::add(of.options.objective, "histogram", "relu2_1", 100, {{1}});
  scumble::Session exact = of.start(cpu_backend());
  const std::vector<float> expected = gradient_of(exact);
  for (const Mode& mode : kModes) {
    check::at() = mode.name;
    scumble::Session session = of.start(CudaBackend(0, mode.precision));
    CHECK_ALL_CLOSE(gradient_of(session), expected, 3 * mode.shallow);
  }
}

TEST(cuda_backend_resamples) {
  Random random(3);
  const std::vector<float> picture = support::uniform(random, size_t{31} * 23 * 3, 0, 255);
  const CudaBackend backend(0, Arithmetic::bf16);
  CHECK_ALL_CLOSE(backend.resample(picture.data(), 31, 23, 3, 44, 33, {0, 255}, 1),
                  cpu_backend().resample(picture.data(), 31, 23, 3, 44, 33, {0, 255}, 1), 1e-6);
}

// The whole engine on the CUDA backend: its gradient against the reference and against the CPU's, its
// iterations against the CPU's, and what happens when memory runs out or the device goes away.
#include <thread>

#include "../../cpp/core/error.h"
#include "../../cuda/host/backend.h"
#include "../../cuda/host/devices.h"
#include "../../cuda/ops/kernel_set.h"
#include "../cases.h"
#include "../check.h"
#include "orders.h"
#ifdef SCUMBLE_STAND_IN
#include "stand_in/control.h"
#endif

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else
using scumble::cuda::CudaBackend;
using scumble::cuda::Precision;

namespace {

const scumble::cpu::CpuBackend& cpu_backend() {
  static const scumble::cpu::CpuBackend backend(scumble::cpu::kernels());
  return backend;
}

// A session's ingredients, kept alive.
struct Job {
  reference::Model model;
  std::vector<float> content;
  std::vector<float> style;
  Size size{};
  scumble::SessionOptions options;

  scumble::Session start(const scumble::Backend& backend) const {
    return {backend,
            backend.load(model.architecture, model.weights),
            options,
            support::view(content, size.width, size.height),
            {{support::view(style, size.width, size.height), 1}},
            support::view(content, size.width, size.height),
            support::running()};
  }
};

Job job(Pooling pooling, Size size, int least = 8, size_t blocks = 5) {
  Random random(21);
  Job made;
  made.model = narrow_vgg(random, 3, blocks, least);
  made.model.pooling = pooling;
  prepare_input(made.model, false, false, Padding::zero);
  made.size = size;
  const size_t elements = static_cast<size_t>(size.height) * static_cast<size_t>(size.width) * 3;
  made.content = support::uniform(random, elements, 40, 200);
  // Much darker, so that no loss is a small difference of large features, which reduced precision could not
  // resolve.
  made.style = support::uniform(random, elements, 0, 60);
  made.options.pooling = pooling;
  made.options.objective.content = {{blocks > 3 ? "relu4_2" : "relu2_2", 5}};
  for (const char* layer : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}) {
    if (static_cast<size_t>(layer[4] - '0') <= blocks) made.options.objective.style.push_back({layer, 100});
  }
  made.options.objective.tv_weight = 1e-3;
  made.options.threads = 2;
  return made;
}

std::vector<float> gradient_of(scumble::Session& session) {
  std::vector<float> gradient(session.elements());
  session.evaluate(support::running());
  session.read_gradient(gradient.data());
  return gradient;
}

std::vector<float> result_of(const scumble::Session& session) {
  return session.result().values();
}

// How far the gradient may be from the CPU's, with average pooling. A ReLU whose input is within rounding of
// zero may go either way, and a share p of such pixels moves the gradient by sqrt(p) of its norm: reduced
// precision shows mostly as that, and more so layer by layer.
struct Mode {
  Precision precision;
  const char* name;
  double shallow;  // two blocks
  double deep;     // five
};
const std::vector<Mode> kModes = {{Precision::float32, "float32", 1e-5, 1e-5},
                                  {Precision::tf32, "tf32", 1e-3, 2e-2},
                                  {Precision::bf16, "bf16", 2e-2, 6e-2}};

}  // namespace

TEST(cuda_gradients_against_the_reference) {
  const CudaBackend backend(0, Precision::float32);
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
      device::in_every_order([&] { check_engine(backend, of, s, kFloat32); }, 2);
    }
  }
}

TEST(cuda_gradients_against_the_cpu) {
  for (const size_t blocks : {size_t{2}, size_t{5}}) {
    const Job of = job(Pooling::average, {35, 42}, 8, blocks);
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
  Job of = job(Pooling::average, {19, 18}, 8, 2);
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
    check_engine(CudaBackend(0, kModes[i].precision), of, s, tolerances[i]);
  }
}

// In float32 Winograd's algorithm takes these.
TEST(cuda_gradients_of_wide_layers) {
  const Job of = wide_job();
  scumble::Session exact = of.start(cpu_backend());
  scumble::Session session = of.start(CudaBackend(0, Precision::float32));
  CHECK_ALL_CLOSE(gradient_of(session), gradient_of(exact), 1e-5);
}

// Layers of 64 channels, which the kernels of compute capability 9.0 take where they may: they round where
// the portable ones do, so that they are much closer to these than to the exact ones.
TEST(cuda_gradients_of_hopper) {
  const Job of = wide_job();
  const auto gradient = [&](scumble::cuda::KernelSet kernels) {
    const scumble::cuda::KernelsHere here(kernels);
    scumble::Session session = of.start(CudaBackend(0, Precision::bf16));
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

// Iterations as one graph, optimiser and all, end where the CPU's do; the same bytes in one batch or in many,
// and twice.
TEST(cuda_iterations) {
  struct Way {
    scumble::OptimizerKind kind;
    double averaging;
    const char* name;
  };
  for (const Way& way : std::vector<Way>{{scumble::OptimizerKind::adam, 0, "adam"},
                                         {scumble::OptimizerKind::adam, 0.9, "adam, averaged"},
                                         {scumble::OptimizerKind::lbfgs, 0, "lbfgs"}}) {
    check::at() = way.name;
    const bool lbfgs = way.kind == scumble::OptimizerKind::lbfgs;
    Job of = job(Pooling::average, {17, 18}, 5, 3);
    of.options.optimizer.kind = way.kind;
    // L-BFGS without damping would overshoot at first, and rounding with it.
    of.options.optimizer.adam.learning_rate = lbfgs ? 0.1 : 2;
    of.options.optimizer.history = 3;
    of.options.averaging = way.averaging;
    scumble::Session exact = of.start(cpu_backend());
    const CudaBackend backend(0, Precision::float32);
    scumble::Session single = of.start(backend);
    scumble::Session batch = of.start(backend);
    for (int i = 1; i <= 8; ++i) {
      const double expected = exact.step(support::running()).total;
      // L-BFGS makes its steps of differences of gradients, in which rounding counts for more from step to
      // step.
      const double tolerance = lbfgs && i > 2 ? 0.1 : 1e-3;
      CHECK_CLOSE(single.step(support::running()).total, expected, tolerance * expected);
      CHECK(single.iteration() == i);
    }
    batch.step(support::running(), 5);
    batch.step(support::running(), 3);
    CHECK(batch.iteration() == 8);
    CHECK_ALL_CLOSE(result_of(single), result_of(exact), lbfgs ? 2e-2 : 1e-3);
    CHECK(result_of(batch) == result_of(single));
  }
}

// What was the result when it was asked for, whatever the session does meanwhile.
TEST(cuda_snapshot) {
  const Job of = job(Pooling::max, {9, 10}, 4, 2);
  const CudaBackend backend(0, Precision::float32);
  auto session = std::make_unique<scumble::Session>(of.start(backend));
  session->step(support::running(), 2);
  const std::vector<float> expected = result_of(*session);
  scumble::Result early = session->result();
  scumble::Result late = session->result();
  const scumble::Result forgotten = session->result();
  session->step(support::running(), 3);
  CHECK(early.values() == expected);
  CHECK(result_of(*session) != expected);
  session.reset();
  CHECK(late.values() == expected);
}

TEST(cuda_backend_resamples) {
  Random random(3);
  const std::vector<float> picture = support::uniform(random, size_t{31} * 23 * 3, 0, 255);
  const CudaBackend backend(0, Precision::bf16);
  CHECK_ALL_CLOSE(backend.resample(picture.data(), 31, 23, 3, 44, 33, 0, 255, 1),
                  cpu_backend().resample(picture.data(), 31, 23, 3, 44, 33, 0, 255, 1), 1e-6);
}

// A divergence is found within the batch, and what was good before it stays.
TEST(cuda_divergence) {
  Job of = job(Pooling::max, {9, 10}, 4, 2);
  of.options.optimizer.kind = scumble::OptimizerKind::adam;
  of.options.optimizer.adam.learning_rate = 1e30;
  const CudaBackend backend(0, Precision::float32);
  scumble::Session session = of.start(backend);
  CHECK_THROWS(scumble::Diverged, session.step(support::running(), 6));
  CHECK(session.iteration() == 2);
  CHECK(result_of(session) == of.content);
}

TEST(cuda_cancelled) {
  const Job of = job(Pooling::max, {9, 10}, 4, 2);
  const CudaBackend backend(0, Precision::float32);
  scumble::Session session = of.start(backend);
  const std::atomic<bool> cancelled{true};
  CHECK_THROWS(scumble::Cancelled, session.step(cancelled, 5));
  CHECK(session.iteration() == 0);
  session.step(support::running());
}

// Sessions on streams of their own, from threads of their own.
TEST(cuda_sessions_side_by_side) {
  const Job of = job(Pooling::max, {17, 18}, 4, 3);
  const CudaBackend backend(0, Precision::float32);
  scumble::Session alone = of.start(backend);
  alone.step(support::running(), 3);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&of, &backend, &result] {
      scumble::Session session = of.start(backend);
      session.step(support::running(), 3);
      result = result_of(session);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == result_of(alone));
}

#ifdef SCUMBLE_STAND_IN

namespace {

// Puts the machine back as it was.
struct Machine {
  explicit Machine(const stand_in::Machine& machine) { stand_in::machine(machine); }
  ~Machine() { stand_in::machine({}); }
};

stand_in::Machine machine(void (*change)(stand_in::Machine&)) {
  stand_in::Machine made;
  change(made);
  return made;
}

}  // namespace

TEST(cuda_estimate_is_what_is_allocated) {
  const Job of = job(Pooling::max, {33, 40}, 4, 3);
  const CudaBackend backend(0, Precision::bf16);
  const auto view = support::view(of.content, of.size.width, of.size.height);
  const auto estimate =
      scumble::Session::estimate(backend, of.model.architecture, of.options, view, {{view, 1}});
  const size_t before = stand_in::allocated();
  const scumble::Session session = of.start(backend);
  const size_t taken = stand_in::allocated() - before;
  CHECK(taken <= estimate.total());
  CHECK(session.bytes() <= estimate.session);
}

// Every call that can fail is made to, once out of memory and once for good: a typed error each time, nothing
// leaks, and the CPU goes on.
TEST(cuda_failures) {
  const Job of = job(Pooling::max, {9, 10}, 4, 2);
  const size_t memory = stand_in::allocated();
  const size_t handles = stand_in::handles();
  const auto run = [&] {
    const CudaBackend backend(0, Precision::float32);
    scumble::Session session = of.start(backend);
    session.step(support::running(), 2);
    return backend.resample(result_of(session).data(), 10, 9, 3, 7, 6, 0, 255, 1);
  };
  const std::vector<float> expected = run();
  for (const bool lost : {false, true}) {
    int failed = 0;
    for (int after = 0;; ++after) {
      check::at() = (lost ? "lost at call " : "fails at call ") + std::to_string(after);
      stand_in::fail(after, lost ? cudaErrorLaunchFailure : cudaErrorMemoryAllocation, lost);
      bool threw = false;
      try {
        CHECK(run() == expected);
      } catch (const scumble::DeviceFailure&) {
        threw = true;
      } catch (const scumble::InvalidArgument&) {
        threw = true;  // while the device was being looked for
      }
      stand_in::heal();
      CHECK(stand_in::allocated() == memory);
      CHECK(stand_in::handles() == handles);
      if (!threw) break;
      ++failed;
    }
    CHECK(failed > 10);
  }
  check::at() = "after failures";
  scumble::Session on_cpu = of.start(cpu_backend());
  on_cpu.step(support::running());
  CHECK(run() == expected);
}

TEST(cuda_out_of_memory) {
  const Machine small(machine([](auto& m) { m.memory = size_t{1} << 20; }));
  const Job of = job(Pooling::max, {96, 96}, 8, 3);
  try {
    of.start(CudaBackend(0, Precision::float32));
    CHECK(false);
  } catch (const scumble::DeviceFailure& failure) {
    CHECK(failure.kind == scumble::DeviceFailure::memory);
    CHECK(failure.needed > failure.free);
    CHECK(failure.free <= size_t{1} << 20);
  }
}

TEST(cuda_devices) {
  using scumble::cuda::devices;
  const auto says = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  {
    const Machine none(machine([](auto& m) { m.driver = 0; }));
    CHECK(devices().found.empty());
    CHECK(says(devices().problem, "no NVIDIA driver"));
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Precision::float32));
  }
  {
    const Machine none(machine([](auto& m) { m.devices = 0; }));
    CHECK(says(devices().problem, "no GPU"));
  }
  {
    const Machine old(machine([](auto& m) { m.major = 7; }));
    CHECK(devices().found.size() == 1);
    CHECK(says(devices().problem, "below 7.5"));
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Precision::float32));
  }
  {
    const Machine turing(machine([](auto& m) {
      m.major = 7;
      m.minor = 5;
    }));
    CHECK(devices().problem.empty());
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Precision::bf16));
    const CudaBackend exact(0, Precision::float32);
  }
  {
    const Machine two(machine([](auto& m) { m.devices = 2; }));
    CHECK(devices().found.size() == 2);
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(2, Precision::float32));
    const Job of = job(Pooling::max, {9, 10}, 4, 2);
    const CudaBackend first(0, Precision::float32);
    const CudaBackend second(1, Precision::float32);
    scumble::Session a = of.start(first);
    scumble::Session b = of.start(second);
    CHECK(a.step(support::running()).total == b.step(support::running()).total);
    a.step(support::running());
    b.step(support::running());
    CHECK(result_of(a) == result_of(b));
  }
}

#endif

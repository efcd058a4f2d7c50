// Devices as the backend finds them, their memory, and what happens when it runs out or a device goes away.
#include "../../cpp/core/error.h"
#include "../../cuda/host/devices.h"
#include "job.h"
#include "stand_in/control.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

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
  const Job of = make(Pooling::max, {33, 40}, 4, 3);
  const CudaBackend backend(0, Arithmetic::bf16);
  const auto estimate =
      scumble::Session::estimate(backend, {&of.model.architecture}, of.options, of.images());
  const size_t before = stand_in::allocated();
  const scumble::Session session = of.start(backend);
  const size_t taken = stand_in::allocated() - before;
  // What is pinned on the host counts too, where there was room for the targets.
  CHECK(taken <= estimate.network + estimate.session + estimate.targets);
  CHECK(session.bytes() <= estimate.session);
}

// Every call that can fail is made to, once out of memory and once for good: a typed error each time, nothing
// leaks, and the CPU goes on.
TEST(cuda_failures) {
  const Job of = make(Pooling::max, {4, 5}, 3, 2);
  const size_t memory = stand_in::allocated();
  const size_t handles = stand_in::handles();
  const auto run = [&] {
    const CudaBackend backend(0, Arithmetic::float32);
    scumble::Session session = of.start(backend);
    session.step(support::running(), 2);
    return backend.resample(result_of(session).data(), 5, 4, 3, 7, 6, {0, 255}, 1);
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
  const Job of = make(Pooling::max, {96, 96}, 8, 3);
  try {
    of.start(CudaBackend(0, Arithmetic::float32));
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
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Arithmetic::float32));
  }
  {
    const Machine none(machine([](auto& m) { m.devices = 0; }));
    CHECK(says(devices().problem, "no GPU"));
  }
  {
    const Machine old(machine([](auto& m) { m.major = 7; }));
    CHECK(devices().found.size() == 1);
    CHECK(says(devices().problem, "below 7.5"));
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Arithmetic::float32));
  }
  {
    const Machine turing(machine([](auto& m) {
      m.major = 7;
      m.minor = 5;
    }));
    CHECK(devices().problem.empty());
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(0, Arithmetic::bf16));
    const CudaBackend exact(0, Arithmetic::float32);
  }
  {
    const Machine two(machine([](auto& m) { m.devices = 2; }));
    CHECK(devices().found.size() == 2);
    CHECK_THROWS(scumble::InvalidArgument, CudaBackend(2, Arithmetic::float32));
    const Job of = make(Pooling::max, {9, 10}, 4, 2);
    const CudaBackend first(0, Arithmetic::float32);
    const CudaBackend second(1, Arithmetic::float32);
    scumble::Session a = of.start(first);
    scumble::Session b = of.start(second);
    CHECK(a.step(support::running()).total == b.step(support::running()).total);
    a.step(support::running());
    b.step(support::running());
    CHECK(result_of(a) == result_of(b));
  }
}

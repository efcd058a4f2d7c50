// Times products of matrices, on one thread and on many in turn, beside the peak of fused multiply-adds
// measured in between:
//
//     bench_multiply [THREADS] [REPEATS]      SCUMBLE_ISA forces an instruction set
//
// The best of each. NT is a product with a transposed matrix, as of two sets of features; `half` is one that
// is known to be symmetric.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "../cpp/core/arena.h"
#include "../cpp/cpu/backend.h"
#include "peak.h"

namespace {

using scumble::BufferId;
using scumble::Plan;

struct Case {
  const char* name;
  int rows;
  int columns;
  int inner;
  bool transpose_in = false;
  bool transpose_other = false;
  bool symmetric = false;
};
const Case kCases[] = {
    {"1024x5000x2179 NT", 1024, 5000, 2179, false, true},
    {"1024x1024x2688 NT", 1024, 1024, 2688, false, true},
    {"512x512x512", 512, 512, 512},
    {"512x512x512 NT", 512, 512, 512, false, true},
    {"512x512x512 TN", 512, 512, 512, true, false},
    {"512x512x512 half", 512, 512, 512, false, false, true},
    {"256x256x256", 256, 256, 256},
};

Plan plan_of(const Case& c) {
  Plan plan;
  std::vector<BufferId> buffers;
  const auto matrix = [&](bool transposed, int rows, int columns) {
    scumble::Buffer made{};
    made.kind = scumble::BufferKind::dense;
    made.shape = transposed ? scumble::Shape{rows, columns, 1} : scumble::Shape{columns, rows, 1};
    made.bytes = made.shape.elements() * sizeof(float);
    plan.buffers.push_back(made);
    buffers.push_back(static_cast<BufferId>(buffers.size()));
    return buffers.back();
  };
  scumble::Step step{};
  step.op = "multiply";
  step.in = matrix(c.transpose_in, c.rows, c.inner);
  step.other = matrix(c.transpose_other, c.inner, c.columns);
  step.out = matrix(false, c.rows, c.columns);
  step.scale = 1;
  step.transpose_in = c.transpose_in;
  step.transpose_other = c.transpose_other;
  step.symmetric = c.symmetric;
  plan.steps = {step};
  plan.groups = {{step.op, 0, 1}};
  scumble::place(plan, buffers);
  return plan;
}

}  // namespace

int main(int count, char** values) {
  const int hardware = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int threads = count > 1 ? std::atoi(values[1]) : hardware;
  const int repeats = count > 2 ? std::atoi(values[2]) : 15;
  if (threads < 1 || repeats < 1) {
    std::fprintf(stderr, "usage: bench_multiply [THREADS >= 1] [REPEATS >= 1]\n");
    return 2;
  }
  const scumble::cpu::Isa& isa = scumble::cpu::isa();
  const scumble::cpu::CpuBackend backend(isa);
  const std::atomic<bool> running{false};
  std::printf("%s, GFLOP/s\n%-20s %8s %7s %12s %7s\n", isa.name, "product", "1 thread", "x peak",
              (std::to_string(threads) + " threads").c_str(), "x peak");
  for (const Case& c : kCases) {
    const Plan plan = plan_of(c);
    const double operations = 2.0 * c.rows * c.columns * c.inner;
    double rates[2] = {};
    double peaks[2] = {};
    for (const bool all : {false, true}) {
      const int used = all ? threads : 1;
      const auto program = backend.compile({}, plan, used);
      for (BufferId id = 0; id < 3; ++id) {
        program->write(id, std::vector<float>(plan.buffer(id).shape.elements(), 0.01f).data());
      }
      for (int i = 0; i < repeats; ++i) {
        peaks[all] = std::max(peaks[all], bench::peak(isa.name, used));
        const double start = bench::seconds();
        program->run(nullptr, running, 0);
        rates[all] = std::max(rates[all], operations / (bench::seconds() - start));
      }
    }
    std::printf("%-20s %8.0f %7.2f %12.0f %7.2f\n", c.name, rates[0] * 1e-9, rates[0] / peaks[0],
                rates[1] * 1e-9, rates[1] / peaks[1]);
  }
  return 0;
}

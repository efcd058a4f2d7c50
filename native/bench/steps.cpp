// Times every step of an iteration of VGG-19 by itself, on one thread and on many in turn, beside the peak of
// fused multiply-adds measured in between:
//
//     bench_steps [SIZE] [THREADS] [REPEATS]      SCUMBLE_ISA forces an instruction set
//
// Medians. GFLOP/s are effective: the operations of the direct algorithm, whatever was done instead. `gain`
// is the time on one thread over that on all, which of the peak says what the machine gives; `share` is the
// part of the iteration.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../cpp/core/session.h"
#include "../cpp/cpu/backend.h"
#include "peak.h"
#include "vgg19.h"

namespace {

using bench::median;
using bench::peak;
using bench::seconds;
using scumble::Plan;

// ----- the network, with random weights: speed does not depend on them

std::vector<scumble::ConvolutionWeights> random_weights(const scumble::Architecture& architecture) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-0.05f, 0.05f);
  std::vector<scumble::ConvolutionWeights> weights;
  for (const scumble::Convolution& conv : architecture.convolutions) {
    scumble::ConvolutionWeights made;
    made.weight.resize(static_cast<size_t>(conv.inputs) * static_cast<size_t>(conv.outputs) * 9);
    for (float& w : made.weight) w = uniform(random);
    made.bias.assign(static_cast<size_t>(conv.outputs), 0.1f);
    weights.push_back(std::move(made));
  }
  return weights;
}

// Operations of the direct algorithm; 0 for steps that are bound by memory. Half of a Gram matrix is enough.
double operations(const Plan& plan, const scumble::Step& step) {
  const scumble::Shape& in = plan.buffer(step.in).shape;
  const scumble::Shape& out = plan.buffer(step.out).shape;
  const double positions = static_cast<double>(in.positions());
  if (step.op == "conv" || step.op == "conv_back") return 18.0 * in.channels * out.channels * positions;
  if (step.op == "gram_sums") return 1.0 * in.channels * in.channels * positions;
  if (step.op == "gram_back") return 2.0 * in.channels * in.channels * positions;
  return 0;
}

int argument(int count, char** values, int index, int otherwise) {
  return index < count ? std::atoi(values[index]) : otherwise;
}

}  // namespace

int main(int count, char** values) {
  const int size = argument(count, values, 1, 256);
  const int threads =
      argument(count, values, 2, std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  const int repeats = std::max(5, argument(count, values, 3, 7));
  if (size < 16 || threads < 1) {
    std::fprintf(stderr, "usage: bench_steps [SIZE >= 16] [THREADS >= 1] [REPEATS]\n");
    return 2;
  }
  const scumble::cpu::Isa& isa = scumble::cpu::isa();
  const scumble::cpu::CpuBackend backend(isa);
  const scumble::Architecture architecture = vgg19();
  const auto network = backend.load(architecture, random_weights(architecture));

  scumble::PlanRequest request;
  request.width = size;
  request.height = size;
  request.objective = neural_style();
  scumble::Term tv;
  tv.name = tv.kind = "tv";
  tv.weight = 0.001;
  request.objective.terms.push_back(tv);
  const Plan plan = Plan::iteration(backend, {&architecture}, request);

  struct Row {
    std::string name;
    double operations;
    double time;
    double alone;  // on one thread
  };
  std::vector<Row> rows;
  double fma = 0;
  double fma_alone = 0;
  Row all{"all", 0, 0, 0};
  const std::atomic<bool> running{false};
  std::vector<double> losses(static_cast<size_t>(plan.slots));
  for (const scumble::Step& step : plan.steps) {
    Plan one = plan;
    one.steps = {step};
    one.groups = {{step.op, 0, 1}};
    const auto single = backend.compile({network}, one, 1);
    const auto many = backend.compile({network}, one, threads);
    const auto timed = [&](scumble::Program& program) {
      const double start = seconds();
      program.run(losses.data(), running, 0);
      return seconds() - start;
    };
    std::vector<double> times;
    std::vector<double> times_alone;
    for (int i = 0; i <= repeats; ++i) {
      fma_alone = std::max(fma_alone, peak(isa.name, 1));
      fma = std::max(fma, peak(isa.name, threads));
      const double alone = timed(*single);
      const double time = timed(*many);
      if (i == 0) continue;  // warms up
      times_alone.push_back(alone);
      times.push_back(time);
    }
    const scumble::Shape& in = plan.buffer(step.in).shape;
    const scumble::Shape& out = plan.buffer(step.out).shape;
    char name[64];
    std::snprintf(name, sizeof name, "%-14s %d to %d, %dx%d", std::string(step.op).c_str(), in.channels,
                  out.channels, in.width, in.height);
    rows.push_back({name, operations(plan, step), median(times), median(times_alone)});
    all.time += rows.back().time;
    all.alone += rows.back().alone;
  }
  std::printf("%s, %d threads, %dx%d; multiply-add peak %.0f GFLOP/s, gain %.2f; median of %d\n\n", isa.name,
              threads, size, size, fma * 1e-9, fma / fma_alone, repeats);
  std::printf("%-36s %9s %6s %6s %9s %7s\n", "step", "ms", "share", "gain", "GFLOP/s", "x peak");
  rows.push_back(all);
  for (const Row& row : rows) {
    std::printf("%-36s %9.2f %5.1f%% %6.2f", row.name.c_str(), row.time * 1e3, 100 * row.time / all.time,
                row.alone / row.time);
    const double rate = row.operations / row.time;
    if (rate > 0) std::printf(" %9.0f %7.2f", rate * 1e-9, rate / fma);
    std::printf("\n");
  }
  return 0;
}

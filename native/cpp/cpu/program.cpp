#include "program.h"

#include <cstring>

#include "../core/error.h"
#include "../core/stopwatch.h"

namespace scumble::cpu {
namespace {

// There is nothing to wait for: the copy is made at once.
class CpuSnapshot final : public Snapshot {
 public:
  explicit CpuSnapshot(std::vector<float> values) : values_(std::move(values)) {}
  std::vector<float> values() override { return std::move(values_); }

 private:
  std::vector<float> values_;
};

// Calls visit(stored, offset in the dense copy, count) for every contiguous stretch.
template <typename Visit>
void each_stretch(const Workspace& w, BufferId id, const Visit& visit) {
  if (w.kind(id) != BufferKind::tensor) {
    visit(w.floats(id), size_t{0}, w.shape(id).elements());
    return;
  }
  const Tensor t = w.tensor(id);
  const size_t row = static_cast<size_t>(t.width) * static_cast<size_t>(t.channels);
  for (int y = 0; y < t.height; ++y) visit(t.pixel(y, 0), static_cast<size_t>(y) * row, row);
}

}  // namespace

CpuProgram::CpuProgram(const Machine& machine, const Networks& networks, const Plan& plan)
    : workspace_(machine, networks, plan, scratch_bytes(machine, plan)), vectors_(workspace_) {
  for (const Step& step : workspace_.plan().steps) operations_.push_back(&operation(step.op));
}

size_t CpuProgram::scratch_bytes(const Machine& machine, const Plan& plan) {
  size_t floats = 0;
  for (const Step& step : plan.steps) {
    const auto scratch = operation(step.op).scratch;
    if (scratch != nullptr) floats = std::max(floats, scratch(machine, plan, step));
  }
  return (floats * sizeof(float) + 63) / 64 * 64;
}

void CpuProgram::prepare(const std::atomic<bool>& cancelled) {
  run_steps(0, workspace_.plan().preparation, nullptr, cancelled);
}

void CpuProgram::run(double* losses, const std::atomic<bool>& cancelled, int evaluation) {
  workspace_.begin(evaluation);
  run_steps(workspace_.plan().preparation, workspace_.plan().steps.size(), losses, cancelled);
}

std::vector<double> CpuProgram::time(const std::atomic<bool>& cancelled) {
  const Plan& plan = workspace_.plan();
  std::vector<double> losses(static_cast<size_t>(plan.slots));
  std::vector<double> seconds;
  workspace_.begin(0);
  for (const Group& group : plan.groups) {
    const Stopwatch watch;
    run_steps(group.first, group.first + group.count, losses.data(), cancelled);
    seconds.push_back(watch.seconds());
  }
  return seconds;
}

void CpuProgram::run_steps(size_t begin, size_t end, double* losses, const std::atomic<bool>& cancelled) {
  const std::vector<Step>& steps = workspace_.plan().steps;
  for (size_t i = begin; i < end; ++i) {
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    const double loss = operations_[i]->run(workspace_, steps[i]);
    if (steps[i].slot >= 0) losses[steps[i].slot] = loss;
  }
}

void CpuProgram::read(BufferId from, float* to) const {
  each_stretch(workspace_, from, [&](const float* stored, size_t offset, size_t count) {
    std::memcpy(to + offset, stored, count * sizeof(float));
  });
}

void CpuProgram::write(BufferId to, const float* from) {
  each_stretch(workspace_, to, [&](float* stored, size_t offset, size_t count) {
    std::memcpy(stored, from + offset, count * sizeof(float));
  });
}

std::unique_ptr<Snapshot> CpuProgram::snapshot(BufferId from) const {
  return std::make_unique<CpuSnapshot>(vectors_.values(from));
}

std::unique_ptr<Iteration> CpuProgram::iteration(const Update& update) {
  return std::make_unique<HostIteration>(*this, vectors_, workspace_.plan().slots, update);
}

}  // namespace scumble::cpu

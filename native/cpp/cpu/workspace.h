// What operations work with: a program's memory, its networks, and the threads. Work is cut into tasks, and
// sums are gathered per task and added in task order, so that the bytes that come out do not depend on the
// number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "../core/backend.h"
#include "arena.h"
#include "isa.h"
#include "kernels/tensor.h"
#include "network.h"
#include "thread_pool.h"

namespace scumble::cpu {

// What decides how work is done, beside sizes.
struct Machine {
  const Isa& isa;
  bool fast;  // products of bf16 where layers can bear it
  int threads;
};

// Elements of one task of a plain pass over memory.
constexpr size_t kTaskElements = size_t{1} << 13;

inline size_t elements_of(const Tensor& row) {
  return static_cast<size_t>(row.row());
}

class Workspace {
 public:
  // `scratch_bytes` are a thread's.
  Workspace(const Machine& machine, const Networks& networks, Plan plan, size_t scratch_bytes)
      : machine_(machine),
        networks_(networks),
        plan_(std::move(plan)),
        arena_(plan_.bytes),
        scratch_bytes_(scratch_bytes),
        scratch_(scratch_bytes * static_cast<size_t>(machine.threads)) {}

  const Machine& machine() const { return machine_; }
  const Isa& isa() const { return machine_.isa; }
  const Plan& plan() const { return plan_; }
  // The number of the evaluation that runs: what is drawn by lot depends on it.
  int evaluation() const { return evaluation_; }
  void begin(int evaluation) { evaluation_ = evaluation; }
  const CpuNetwork& network(const Step& step) const {
    return static_cast<const CpuNetwork&>(*networks_[static_cast<size_t>(step.network)]);
  }

  const Shape& shape(BufferId id) const { return plan_.buffer(id).shape; }
  BufferKind kind(BufferId id) const { return plan_.buffer(id).kind; }
  float* floats(BufferId id) const {
    return id == kNoBuffer ? nullptr : reinterpret_cast<float*>(arena_.at(plan_.buffer(id).offset));
  }
  double* doubles(BufferId id) const { return reinterpret_cast<double*>(arena_.at(plan_.buffer(id).offset)); }
  Tensor tensor(BufferId id) const {
    const Shape& s = shape(id);
    Tensor t{floats(id), s.channels, s.height, s.width};
    t.at += t.row() + t.channels;
    return t;
  }
  // A mask, or another tensor of a step's own shape, as a pointer to pixel (0, 0).
  const float* origin(BufferId id) const { return id == kNoBuffer ? nullptr : tensor(id).at; }

  // task(0) ... task(count - 1)
  template <typename Task>
  void each(size_t count, const Task& task) const {
    ThreadPool::shared().run(static_cast<int>(count), machine_.threads,
                             [&](int i) { task(static_cast<size_t>(i)); });
  }

  // The same with a thread's own scratch: task(index, scratch).
  template <typename Task>
  void each_with_scratch(int count, const Task& task) const {
    std::atomic<int> next{0};
    const int workers = std::min(count, machine_.threads);
    ThreadPool::shared().run(workers, machine_.threads, [&](int worker) {
      float* scratch = reinterpret_cast<float*>(scratch_.at(static_cast<size_t>(worker) * scratch_bytes_));
      for (int i = next++; i < count; i = next++) task(i, scratch);
    });
  }

  // Rows of a pass over memory, in tasks: pass(y0, y1).
  template <typename Pass>
  void each_rows(int height, size_t row_elements, const Pass& pass) const {
    const int rows = static_cast<int>(std::max<size_t>(1, kTaskElements / std::max<size_t>(1, row_elements)));
    each(static_cast<size_t>((height + rows - 1) / rows), [&](size_t task) {
      const int y0 = static_cast<int>(task) * rows;
      pass(y0, std::min(height, y0 + rows));
    });
  }

  // The same for a pass that returns its share of a sum.
  template <typename Pass>
  double sum_rows(int height, size_t row_elements, const Pass& pass) const {
    std::vector<double> shares(static_cast<size_t>(height));
    each_rows(height, row_elements, [&](int y0, int y1) { shares[static_cast<size_t>(y0)] = pass(y0, y1); });
    double total = 0;
    for (const double share : shares) total += share;
    return total;
  }

  // Elements of a pass over memory, in tasks: pass(begin, count).
  template <typename Pass>
  void each_run(size_t n, const Pass& pass) const {
    each((n + kTaskElements - 1) / kTaskElements, [&](size_t task) {
      const size_t begin = task * kTaskElements;
      pass(begin, std::min(kTaskElements, n - begin));
    });
  }

  // The same for a pass that returns its share of a sum.
  template <typename Pass>
  double sum_runs(size_t n, const Pass& pass) const {
    std::vector<double> shares((n + kTaskElements - 1) / kTaskElements);
    each_run(n, [&](size_t begin, size_t count) { shares[begin / kTaskElements] = pass(begin, count); });
    double total = 0;
    for (const double share : shares) total += share;
    return total;
  }

 private:
  Machine machine_;
  Networks networks_;
  Plan plan_;
  Arena arena_;
  size_t scratch_bytes_;
  Arena scratch_;
  int evaluation_ = 0;
};

}  // namespace scumble::cpu

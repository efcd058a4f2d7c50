#include "iteration.h"

#include <algorithm>
#include <cmath>

namespace scumble::cuda {
namespace {

std::vector<float*> pointers(const ProgramMemory& memory, const std::vector<BufferId>& ids) {
  std::vector<float*> found;
  for (const BufferId id : ids) found.push_back(memory.floats(id));
  return found;
}

}  // namespace

CudaIteration::CudaIteration(const CudaProgram& program, const Update& update)
    : program_(program),
      vectors_(pointers(program.memory(), update.vectors)),
      done_{Event(program.device()), Event(program.device())},
      graph_(start(update), [&] { queue(update); }) {}

void CudaIteration::run(int count, double* losses, const std::atomic<bool>& cancelled) {
  const Stream& stream = program_.stream();
  use(program_.device());
  const int before = completed_;
  for (int i = 0; i < count && !cancelled.load(std::memory_order_relaxed); ++i) {
    const Event& done = done_[static_cast<size_t>(i) % done_.size()];
    if (static_cast<size_t>(i) >= done_.size()) done.wait("iterating");
    graph_.launch(stream);
    done.record(stream);
    ++completed_;
  }
  program_.queue_report_of_losses();
  State& state = program_.report().state();
  check(cudaMemcpyAsync(&state, program_.memory().state(), sizeof state, cudaMemcpyDeviceToHost, stream),
        "reading the state");
  stream.wait("iterating");
  if (state.diverged > 0) {
    completed_ = state.diverged;
    throw Diverged(state.diverged);
  }
  if (completed_ < before + count) throw Cancelled();
  std::copy_n(program_.report().losses(), program_.slots(), losses);
}

// The state before the first iteration. Returns the stream to capture on.
const Stream& CudaIteration::start(const Update& update) {
  const Stream& stream = program_.stream();
  use(program_.device());
  State& state = program_.report().state();
  state = State{};
  state.best_total = INFINITY;
  check(cudaMemcpyAsync(program_.memory().state(), &state, sizeof state, cudaMemcpyHostToDevice, stream),
        "starting the optimiser");
  if (update.optimizer.kind == OptimizerKind::lbfgs) {
    lbfgs_start(lbfgs_update(update), program_.memory().lbfgs(), stream);
    check(cudaGetLastError(), "starting the optimiser");
  }
  stream.wait("starting the optimiser");
  return stream;
}

void CudaIteration::queue(const Update& update) const {
  const ProgramMemory& memory = program_.memory();
  const Stream& stream = program_.stream();
  program_.queue_evaluation();
  judge(memory.losses(), program_.slots(), memory.state(), stream);
  const size_t elements = memory.buffer(update.picture).shape.elements();
  keep_result(memory.floats(update.picture), memory.floats(update.result), elements, update.averaging,
              memory.state(), stream);
  if (update.optimizer.kind == OptimizerKind::lbfgs) {
    lbfgs(lbfgs_update(update), memory.state(), memory.lbfgs(), stream);
  } else {
    const AdamConstants& k = update.optimizer.adam;
    adam({memory.floats(update.picture), memory.floats(update.gradient), vectors_[0], vectors_[1], elements,
          k.learning_rate, k.beta1, k.beta2, k.epsilon},
         memory.state(), stream);
  }
  check(cudaGetLastError(), "capturing an iteration");
}

LbfgsUpdate CudaIteration::lbfgs_update(const Update& update) const {
  const ProgramMemory& memory = program_.memory();
  return {memory.floats(update.picture),
          memory.floats(update.gradient),
          vectors_.data(),
          update.optimizer.history,
          memory.buffer(update.picture).shape.elements(),
          update.optimizer.adam.learning_rate};
}

}  // namespace scumble::cuda

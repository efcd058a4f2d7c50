#include "program.h"

#include "../../cpp/core/stopwatch.h"
#include "copies.h"
#include "iteration.h"
#include "packing.h"
#include "snapshot.h"

namespace scumble::cuda {

CudaProgram::CudaProgram(const Networks& networks, Plan plan, int device, Arithmetic precision)
    : workspace_(networks, std::move(plan), device, precision) {
  for (const Group& group : workspace_.plan().groups) {
    operations_.push_back(&operation(group.op));
    if (group.first < workspace_.plan().preparation) ++prepared_;
  }
}

CudaProgram::~CudaProgram() {
  cudaSetDevice(workspace_.device());
  cudaStreamSynchronize(workspace_.stream());
}

void CudaProgram::queue(size_t begin, size_t end) const {
  const Plan& plan = workspace_.plan();
  for (size_t g = begin; g < end; ++g) {
    operations_[g]->queue(workspace_, plan.steps[plan.groups[g].first]);
    check(cudaGetLastError(), "starting a kernel");
  }
}

void CudaProgram::queue() const {
  const Plan& plan = workspace_.plan();
  queue(prepared_, operations_.size());
  if (plan.slots > 0)
    sum_partials(workspace_.all_partials(), plan.slots, workspace_.losses(), workspace_.stream());
  check(cudaGetLastError(), "starting a kernel");
}

void CudaProgram::prepare(const std::atomic<bool>& cancelled) {
  use(workspace_.device());
  if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
  queue(0, prepared_);
  workspace_.stream().wait("preparing the targets");
}

void CudaProgram::run(double* losses, const std::atomic<bool>& cancelled, int evaluation) {
  use(workspace_.device());
  if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
  check(cudaMemcpyAsync(&workspace_.progress()->iteration, &evaluation, sizeof evaluation,
                        cudaMemcpyHostToDevice, workspace_.stream()),
        "starting an evaluation");
  queue();
  workspace_.stream().wait("evaluating the objective");
  if (losses == nullptr) return;
  const size_t bytes = static_cast<size_t>(workspace_.plan().slots) * sizeof(double);
  check(cudaMemcpy(losses, workspace_.losses(), bytes, cudaMemcpyDeviceToHost), "reading the losses");
}

std::vector<double> CudaProgram::time(const std::atomic<bool>& cancelled) {
  use(workspace_.device());
  std::vector<double> seconds;
  workspace_.stream().wait("timing a step");
  for (size_t g = 0; g < operations_.size(); ++g) {
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    const Stopwatch watch;
    queue(g, g + 1);
    workspace_.stream().wait("timing a step");
    seconds.push_back(watch.seconds());
  }
  return seconds;
}

// What is read and written is waited for first and copied then, so that a failure leaves no copy behind into
// memory that its owner frees.

void CudaProgram::read(BufferId from, float* to) const {
  use(workspace_.device());
  const Shape& shape = workspace_.shape(from);
  workspace_.stream().wait("reading device memory");
  if (workspace_.kind(from) != BufferKind::tensor) {
    check(cudaMemcpy(to, workspace_.at(from), shape.elements() * sizeof(float), cudaMemcpyDeviceToHost),
          "reading device memory");
    return;
  }
  const Arithmetic precision = workspace_.precision();
  const std::vector<char> packed =
      from_device(static_cast<const char*>(workspace_.at(from)), tensor_bytes(shape, precision));
  unpack_tensor(packed.data(), shape, precision, to);
}

void CudaProgram::write(BufferId to, const float* from) {
  use(workspace_.device());
  const Shape& shape = workspace_.shape(to);
  workspace_.stream().wait("writing device memory");
  if (workspace_.kind(to) != BufferKind::tensor)
    return to_device(workspace_.at(to), from, shape.elements() * sizeof(float));
  const std::vector<char> packed = pack_tensor(from, shape, workspace_.precision());
  to_device(workspace_.at(to), packed.data(), packed.size());
}

std::unique_ptr<Snapshot> CudaProgram::snapshot(BufferId from) const {
  use(workspace_.device());
  return std::make_unique<CudaSnapshot>(workspace_.floats(from), workspace_.shape(from).elements(),
                                        workspace_.device(), workspace_.stream());
}

std::unique_ptr<Iteration> CudaProgram::iteration(const Update& update) {
  return std::make_unique<CudaIteration>(*this, update);
}

}  // namespace scumble::cuda

#include "program.h"

#include <algorithm>

#include "iteration.h"
#include "packing.h"
#include "snapshot.h"

namespace scumble::cuda {
namespace {

size_t dense_elements(const Buffer& b) {
  const size_t c = static_cast<size_t>(b.shape.channels);
  return b.kind == BufferKind::matrix ? c * c : b.shape.elements();
}

}  // namespace

CudaProgram::CudaProgram(std::shared_ptr<const CudaNetwork> network, Plan plan, int device,
                         Precision precision)
    : network_(std::move(network)),
      plan_(std::move(plan)),
      device_(device),
      precision_(precision),
      memory_(plan_, device, precision),
      stream_(device),
      report_(plan_.slots),
      queue_(*network_, plan_, memory_, precision, stream_) {}

CudaProgram::~CudaProgram() {
  cudaSetDevice(device_);
  cudaStreamSynchronize(stream_);
}

void CudaProgram::run(double* losses, const std::atomic<bool>& cancelled) {
  use(device_);
  if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
  queue_evaluation();
  if (losses != nullptr) queue_report_of_losses();
  stream_.wait("evaluating the objective");
  if (losses != nullptr) std::copy_n(report_.losses(), plan_.slots, losses);
}

void CudaProgram::read(BufferId from, float* to) const {
  use(device_);
  const Buffer& b = memory_.buffer(from);
  const auto fetch = [&](void* dense, size_t bytes) {
    // Waiting first and copying then, so that a failure leaves no copy behind into memory that its owner
    // frees.
    stream_.wait("reading device memory");
    check(cudaMemcpy(dense, memory_.at(from), bytes, cudaMemcpyDeviceToHost), "reading device memory");
  };
  if (b.kind != BufferKind::tensor) return fetch(to, dense_elements(b) * sizeof(float));
  std::vector<char> packed(tensor_bytes(b.shape, precision_));
  fetch(packed.data(), packed.size());
  unpack_tensor(packed.data(), b.shape, precision_, to);
}

void CudaProgram::write(BufferId to, const float* from) {
  use(device_);
  const Buffer& b = memory_.buffer(to);
  const auto send = [&](const void* dense, size_t bytes) {
    stream_.wait("writing device memory");
    check(cudaMemcpy(memory_.at(to), dense, bytes, cudaMemcpyHostToDevice), "writing device memory");
  };
  if (b.kind != BufferKind::tensor) return send(from, dense_elements(b) * sizeof(float));
  const std::vector<char> packed = pack_tensor(from, b.shape, precision_);
  send(packed.data(), packed.size());
}

std::unique_ptr<Snapshot> CudaProgram::snapshot(BufferId from) const {
  use(device_);
  return std::make_unique<CudaSnapshot>(memory_.floats(from), memory_.buffer(from).shape.elements(), device_,
                                        stream_);
}

std::unique_ptr<Iteration> CudaProgram::iteration(const Update& update) {
  return std::make_unique<CudaIteration>(*this, update);
}

void CudaProgram::queue_report_of_losses() const {
  check(cudaMemcpyAsync(report_.losses(), memory_.losses(), report_.losses_bytes(), cudaMemcpyDeviceToHost,
                        stream_),
        "reading the losses");
}

}  // namespace scumble::cuda

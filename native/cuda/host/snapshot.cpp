#include "snapshot.h"

namespace scumble::cuda {

CudaSnapshot::CudaSnapshot(const float* from, size_t elements, int device, const Stream& stream)
    : elements_(elements), memory_(elements * sizeof(float)), copied_(device) {
  check(cudaMemcpyAsync(memory_.at(), from, elements * sizeof(float), cudaMemcpyDeviceToHost, stream),
        "reading the picture");
  try {
    copied_.record(stream);
  } catch (...) {
    cudaStreamSynchronize(stream);  // the copy must not outlive its memory
    throw;
  }
}

CudaSnapshot::~CudaSnapshot() {
  cudaEventSynchronize(copied_);
}

std::vector<float> CudaSnapshot::values() {
  copied_.wait("reading the picture");
  const float* values = reinterpret_cast<const float*>(memory_.at());
  return {values, values + elements_};
}

}  // namespace scumble::cuda

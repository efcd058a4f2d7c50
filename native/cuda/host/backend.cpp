#include "backend.h"

#include "devices.h"
#include "fuse.h"
#include "network.h"
#include "packing.h"
#include "program.h"
#include "program_memory.h"
#include "resample.h"

namespace scumble::cuda {

CudaBackend::CudaBackend(int device, Precision precision) : device_(device), precision_(precision) {
  const Devices all = devices();
  if (device < 0 || static_cast<size_t>(device) >= all.found.size()) {
    throw InvalidArgument("there is no CUDA device " + std::to_string(device) +
                          (all.problem.empty() ? "" : ": " + all.problem));
  }
  const Device& chosen = all.found[static_cast<size_t>(device)];
  if (!chosen.problem.empty()) throw InvalidArgument(chosen.name + ": " + chosen.problem);
  if (precision != Precision::float32 && !chosen.has_mma()) {
    throw InvalidArgument(chosen.name +
                          " has no matrix units for this precision (compute capability 8.0 is needed)");
  }
}

size_t CudaBackend::tensor_bytes(const Shape& shape) const {
  return cuda::tensor_bytes(shape, precision_);
}

size_t CudaBackend::steps_at_once(const Plan& plan, size_t step) const {
  return cuda::steps_at_once(plan, step, precision_);
}

size_t CudaBackend::matrix_scratch_bytes(const Shape& features) const {
  return gram_scratch_bytes(features.channels, features.height, features.width, precision_);
}

size_t CudaBackend::program_bytes(const Plan& plan, int) const {
  return ProgramLayout(plan, precision_).bytes;
}

size_t CudaBackend::network_bytes(const Architecture& architecture) const {
  return NetworkLayout(architecture, precision_).bytes;
}

std::shared_ptr<const Network> CudaBackend::load(const Architecture& architecture,
                                                 const std::vector<ConvolutionWeights>& weights) const {
  validate(architecture, weights);
  return std::make_shared<CudaNetwork>(architecture, weights, device_, precision_);
}

std::unique_ptr<Program> CudaBackend::compile(std::shared_ptr<const Network> network, Plan plan, int) const {
  const auto mine = std::static_pointer_cast<const CudaNetwork>(network);
  return std::make_unique<CudaProgram>(mine, std::move(plan), device_, precision_);
}

std::vector<float> CudaBackend::resample(const float* from, int width, int height, int channels, int to_width,
                                         int to_height, float low, float high, int) const {
  return resample_on(device_, from, width, height, channels, to_width, to_height, low, high);
}

}  // namespace scumble::cuda

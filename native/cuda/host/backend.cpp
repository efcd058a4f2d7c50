#include "backend.h"

#include "../../cpp/core/backends.h"
#include "../check/self_check.h"
#include "../ops/kernel_set.h"
#include "classifier.h"
#include "devices.h"
#include "fuse.h"
#include "network.h"
#include "packing.h"
#include "program.h"
#include "resample.h"

namespace scumble::cuda {

CudaBackend::CudaBackend(int device, Arithmetic precision) : device_(device), precision_(precision) {
  const Devices all = devices();
  if (device < 0 || static_cast<size_t>(device) >= all.found.size()) {
    throw InvalidArgument("there is no CUDA device " + std::to_string(device) +
                          (all.problem.empty() ? "" : ": " + all.problem));
  }
  const Device& chosen = all.found[static_cast<size_t>(device)];
  if (!chosen.problem.empty()) throw InvalidArgument(chosen.name + ": " + chosen.problem);
  if (precision != Arithmetic::float32 && !has_mma(chosen)) {
    throw InvalidArgument(chosen.name +
                          " has no matrix units for this precision (compute capability 8.0 is needed)");
  }
}

size_t CudaBackend::tensor_bytes(const Shape& shape) const {
  return cuda::tensor_bytes(shape, precision_);
}

size_t CudaBackend::working_bytes(std::string_view op, const Shape& features) const {
  const auto working = operation(op).working;
  return working == nullptr ? 0 : working(features, precision_);
}

std::vector<Group> CudaBackend::fuse(const Plan& plan) const {
  return cuda::fuse(plan, precision_);
}

size_t CudaBackend::program_bytes(const Plan& plan, int) const {
  return ProgramLayout(plan, precision_).bytes;
}

size_t CudaBackend::network_bytes(const Architecture& architecture) const {
  return NetworkLayout(architecture, precision_).bytes + ClassifierLayout(architecture).bytes;
}

std::shared_ptr<const Network> CudaBackend::load(const Architecture& architecture,
                                                 std::vector<ConvolutionWeights> weights) const {
  validate(architecture, weights);
  const auto network = std::make_shared<CudaNetwork>(architecture, weights, device_, precision_);
  if (!architecture.dense.empty())
    network->set_classifier(std::make_unique<CudaClassifier>(architecture, weights, device_));
  return network;
}

std::unique_ptr<Program> CudaBackend::compile(const Networks& networks, Plan plan, int) const {
  return std::make_unique<CudaProgram>(networks, std::move(plan), device_, precision_);
}

std::vector<float> CudaBackend::resample(const float* from, int width, int height, int channels, int to_width,
                                         int to_height, const Resampling& how, int) const {
  return resample_on(device_, from, width, height, channels, to_width, to_height, how);
}

namespace {

// float32 where there are no matrix units: there, nothing else is faster.
Arithmetic precision_on(int device, scumble::Precision permitted) {
  const Devices all = devices();
  const size_t index = static_cast<size_t>(device);
  if (permitted == scumble::Precision::exact || index >= all.found.size() || !has_mma(all.found[index]))
    return Arithmetic::float32;
  return permitted == scumble::Precision::fast ? Arithmetic::bf16 : Arithmetic::tf32;
}

class Cuda final : public BackendKind {
 public:
  std::shared_ptr<const Backend> open(int device, scumble::Precision precision) const override {
    return std::make_shared<CudaBackend>(device, precision_on(device, precision));
  }
  Devices devices() const override { return cuda::devices(); }
  std::vector<Comparison> self_check(int device, bool thorough) const override {
    return cuda::self_check(device, thorough);
  }
  void use_portable_kernels(int device, bool portable) const override {
    use_kernels(device, portable ? KernelSet::portable : KernelSet::fast);
  }
};

const RegisterBackend kCuda("cuda", std::make_unique<Cuda>());

}  // namespace

}  // namespace scumble::cuda

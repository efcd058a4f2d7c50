#include "backend.h"

#include <iterator>

#include "../core/backends.h"
#include "classifier.h"
#include "network.h"
#include "program.h"
#include "resample.h"

namespace scumble::cpu {

size_t CpuBackend::tensor_bytes(const Shape& shape) const {
  return (static_cast<size_t>(shape.height) + 2) * (static_cast<size_t>(shape.width) + 2) *
         static_cast<size_t>(shape.channels) * sizeof(float);
}

size_t CpuBackend::working_bytes(std::string_view op, const Shape& features) const {
  const auto working = operation(op).working;
  return working == nullptr ? 0 : working(isa_, features);
}

size_t CpuBackend::program_bytes(const Plan& plan, int threads) const {
  return plan.bytes + static_cast<size_t>(threads) * CpuProgram::scratch_bytes({isa_, fast_, threads}, plan);
}

size_t CpuBackend::network_bytes(const Architecture& architecture) const {
  return CpuNetwork::bytes(architecture, isa_) + CpuClassifier::bytes(architecture);
}

std::shared_ptr<const Network> CpuBackend::load(const Architecture& architecture,
                                                std::vector<ConvolutionWeights> weights) const {
  validate(architecture, weights);
  const auto last = weights.begin() + static_cast<ptrdiff_t>(architecture.convolutions.size());
  std::vector<ConvolutionWeights> dense(std::make_move_iterator(last),
                                        std::make_move_iterator(weights.end()));
  weights.erase(last, weights.end());
  const auto network = std::make_shared<CpuNetwork>(architecture, weights, isa_);
  if (!dense.empty()) network->set_classifier(std::make_unique<CpuClassifier>(std::move(dense)));
  return network;
}

std::unique_ptr<Program> CpuBackend::compile(const Networks& networks, Plan plan, int threads) const {
  return std::make_unique<CpuProgram>(Machine{isa_, fast_, threads}, networks, plan);
}

std::vector<float> CpuBackend::resample(const float* from, int width, int height, int channels, int to_width,
                                        int to_height, const Resampling& how, int threads) const {
  return cpu::resample(isa_, from, width, height, channels, to_width, to_height, how, threads);
}

namespace {

class Cpu final : public BackendKind {
 public:
  std::shared_ptr<const Backend> open(int, Precision precision) const override {
    return std::make_shared<CpuBackend>(isa(), precision == Precision::fast);
  }
};

const RegisterBackend kCpu("cpu", std::make_unique<Cpu>());

}  // namespace

}  // namespace scumble::cpu

// A classifier as the CPU keeps it: as it came, because products with it go both ways and both copy what they take of it
// into blocks (kernels/multiply.cpp).
#pragma once

#include <vector>

#include "../core/network.h"

namespace scumble::cpu {

class CpuClassifier final : public Classifier {
 public:
  explicit CpuClassifier(std::vector<ConvolutionWeights> layers) : layers_(std::move(layers)) {}

  const ConvolutionWeights& layer(int dense) const { return layers_[static_cast<size_t>(dense)]; }

  size_t bytes() const override {
    size_t floats = 0;
    for (const ConvolutionWeights& layer : layers_) floats += layer.weight.size() + layer.bias.size();
    return floats * sizeof(float);
  }
  static size_t bytes(const Architecture& architecture) {
    size_t floats = 0;
    for (const Dense& dense : architecture.dense)
      floats += (static_cast<size_t>(dense.terms()) + 1) * static_cast<size_t>(dense.outputs);
    return floats * sizeof(float);
  }

 private:
  std::vector<ConvolutionWeights> layers_;
};

}  // namespace scumble::cpu

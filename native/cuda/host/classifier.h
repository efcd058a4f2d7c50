// A classifier on a device: the weights of every dense layer, row by row, and its biases. Products with them go both
// ways, and each packs what it takes (ops/dense.cu).
#pragma once

#include <vector>

#include "../../cpp/core/network.h"
#include "device_memory.h"

namespace scumble::cuda {

// Where in one block of memory everything lies, and how much it is together.
struct ClassifierLayout {
  struct Layer {
    size_t weight;
    size_t bias;
  };
  std::vector<Layer> layers;
  size_t bytes = 0;

  explicit ClassifierLayout(const Architecture& architecture);
};

class CudaClassifier final : public Classifier {
 public:
  // The weights of the dense layers are the last ones.
  CudaClassifier(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights,
                 int device);

  size_t bytes() const override { return layout_.bytes; }
  const float* weight(int dense) const { return at(layout_.layers[static_cast<size_t>(dense)].weight); }
  const float* bias(int dense) const { return at(layout_.layers[static_cast<size_t>(dense)].bias); }

 private:
  const float* at(size_t offset) const { return reinterpret_cast<const float*>(memory_.at(offset)); }

  ClassifierLayout layout_;
  DeviceMemory memory_;
};

}  // namespace scumble::cuda

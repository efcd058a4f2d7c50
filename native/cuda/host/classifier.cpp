#include "classifier.h"

#include "copies.h"
#include "offsets.h"

namespace scumble::cuda {

ClassifierLayout::ClassifierLayout(const Architecture& architecture) {
  Offsets offsets;
  for (const Dense& dense : architecture.dense) {
    const size_t outputs = static_cast<size_t>(dense.outputs);
    Layer layer{};
    layer.weight = offsets.take(outputs * static_cast<size_t>(dense.terms()) * sizeof(float));
    layer.bias = offsets.take(outputs * sizeof(float));
    layers.push_back(layer);
  }
  bytes = offsets.bytes();
}

CudaClassifier::CudaClassifier(const Architecture& architecture,
                               const std::vector<ConvolutionWeights>& weights, int device)
    : layout_(architecture), memory_(device, layout_.bytes) {
  const ConvolutionWeights* of = weights.data() + architecture.convolutions.size();
  for (const ClassifierLayout::Layer& layer : layout_.layers) {
    to_device(memory_.at(layer.weight), of->weight.data(), of->weight.size() * sizeof(float));
    to_device(memory_.at(layer.bias), of->bias.data(), of->bias.size() * sizeof(float));
    ++of;
  }
}

}  // namespace scumble::cuda

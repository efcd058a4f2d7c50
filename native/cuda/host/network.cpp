#include "network.h"

#include <cstring>

#include "../ops/kernels.h"
#include "copies.h"
#include "offsets.h"

namespace scumble::cuda {
namespace {

WeightsOf weights_of(const Architecture& architecture, size_t i, bool backward) {
  const scumble::Convolution& conv = architecture.convolutions[i];
  return {conv.inputs, conv.outputs, i == 0, backward};
}

}  // namespace

NetworkLayout::NetworkLayout(const Architecture& architecture, Arithmetic precision) {
  Offsets offsets;
  for (size_t i = 0; i < architecture.convolutions.size(); ++i) {
    Packed packed{};
    packed.forward = offsets.take(packed_weight_bytes(weights_of(architecture, i, false), precision));
    packed.backward = offsets.take(packed_weight_bytes(weights_of(architecture, i, true), precision));
    packed.bias =
        offsets.take(static_cast<size_t>(padded(architecture.convolutions[i].outputs)) * sizeof(float));
    convolutions.push_back(packed);
  }
  bytes = offsets.bytes();
}

CudaNetwork::CudaNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights,
                         int device, Arithmetic precision)
    : Network(architecture), layout_(architecture, precision), memory_(device, layout_.bytes) {
  std::vector<char> packed(layout_.bytes);
  for (size_t i = 0; i < architecture.convolutions.size(); ++i) {  // dense layers are a classifier's
    const NetworkLayout::Packed& at = layout_.convolutions[i];
    const float* w = weights[i].weight.data();
    pack_weights(w, weights_of(architecture, i, false), precision, packed.data() + at.forward);
    pack_weights(w, weights_of(architecture, i, true), precision, packed.data() + at.backward);
    std::memcpy(packed.data() + at.bias, weights[i].bias.data(), weights[i].bias.size() * sizeof(float));
  }
  to_device(memory_.at(), packed);
}

const void* CudaNetwork::weights(int convolution, bool backward) const {
  const NetworkLayout::Packed& at = layout_.convolutions[static_cast<size_t>(convolution)];
  return memory_.at(backward ? at.backward : at.forward);
}

const float* CudaNetwork::bias(int convolution) const {
  const NetworkLayout::Packed& at = layout_.convolutions[static_cast<size_t>(convolution)];
  return reinterpret_cast<const float*>(memory_.at(at.bias));
}

}  // namespace scumble::cuda

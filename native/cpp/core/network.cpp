#include "network.h"

#include <cmath>

#include "error.h"

namespace scumble {

Channels channels_of(const Preprocessing& pre) {
  Channels c{};
  for (int k = 0; k < 3; ++k) {
    const size_t i = static_cast<size_t>(k);
    c.order[k] = pre.bgr ? 2 - k : k;
    c.scale[k] = pre.range / 255 / pre.std[i];
    c.shift[k] = -pre.mean[i] / pre.std[i];
  }
  return c;
}

void validate(const Architecture& architecture) {
  const auto& convolutions = architecture.convolutions;
  if (convolutions.empty()) throw InvalidArgument("the network has no convolution");
  int inputs = 3;
  int block = 1;
  int index = 0;
  for (const Convolution& conv : convolutions) {
    const bool next_in_block = conv.block == block && conv.index == index + 1;
    const bool next_block = index > 0 && conv.block == block + 1 && conv.index == 1;
    if (!next_in_block && !next_block) throw InvalidArgument("conv" + conv.suffix() + " is out of order");
    if (conv.inputs != inputs) {
      throw InvalidArgument("conv" + conv.suffix() + " takes " + std::to_string(conv.inputs) +
                            " channels, but " + std::to_string(inputs) + " come in");
    }
    if (conv.outputs < 1 || conv.outputs > 8192) {
      throw InvalidArgument("conv" + conv.suffix() + " has " + std::to_string(conv.outputs) + " outputs");
    }
    block = conv.block;
    index = conv.index;
    inputs = conv.outputs;
  }
  const Preprocessing& pre = architecture.preprocessing;
  if (!(pre.range > 0) || !std::isfinite(pre.range))
    throw InvalidArgument("the input range must be positive");
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(pre.mean[c])) throw InvalidArgument("the input mean must be finite");
    if (!(pre.std[c] > 0) || !std::isfinite(pre.std[c]))
      throw InvalidArgument("the input std must be positive");
  }
}

void validate(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights) {
  validate(architecture);
  if (weights.size() != architecture.convolutions.size()) {
    throw InvalidArgument("as many weights as convolutions are needed");
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    const Convolution& conv = architecture.convolutions[i];
    const size_t outputs = static_cast<size_t>(conv.outputs);
    if (weights[i].bias.size() != outputs ||
        weights[i].weight.size() != outputs * static_cast<size_t>(conv.inputs) * 9) {
      throw InvalidArgument("conv" + conv.suffix() + " has weights of the wrong size");
    }
  }
}

std::vector<Layer> layers_of(const Architecture& architecture) {
  std::vector<Layer> layers;
  const auto& convolutions = architecture.convolutions;
  for (size_t i = 0; i < convolutions.size(); ++i) {
    const std::string suffix = convolutions[i].suffix();
    layers.push_back({LayerKind::conv, "conv" + suffix, static_cast<int>(i)});
    layers.push_back({LayerKind::relu, "relu" + suffix, static_cast<int>(i)});
    const bool last = i + 1 == convolutions.size();
    if (last ? architecture.whole : convolutions[i + 1].block != convolutions[i].block) {
      layers.push_back({LayerKind::pool, "pool" + std::to_string(convolutions[i].block), -1});
    }
  }
  return layers;
}

}  // namespace scumble

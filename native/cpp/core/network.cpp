#include "network.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

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

namespace {

// What Caffe calls the first one.
constexpr int kFirstDense = 6;
constexpr int kLargestWindow = 64;
constexpr int kMostOutputs = 1 << 17;
constexpr int64_t kMostTerms = int64_t{1} << 30;

std::string dense_suffix(size_t index) {
  return std::to_string(kFirstDense + static_cast<int>(index));
}

void validate_dense(const Architecture& architecture) {
  if (!architecture.dense.empty() && !architecture.whole)
    throw InvalidArgument("a classifier follows a pool, but the last block has none");
  int inputs = architecture.convolutions.back().outputs;
  for (size_t i = 0; i < architecture.dense.size(); ++i) {
    const Dense& dense = architecture.dense[i];
    const std::string name = "fc" + dense_suffix(i);
    if (dense.inputs != inputs) {
      throw InvalidArgument(name + " takes " + std::to_string(dense.inputs) + " channels, but " +
                            std::to_string(inputs) + " come in");
    }
    if (dense.window < 1 || dense.window > kLargestWindow)
      throw InvalidArgument(name + " has a window of " + std::to_string(dense.window));
    if (dense.outputs < 1 || dense.outputs > kMostOutputs)
      throw InvalidArgument(name + " has " + std::to_string(dense.outputs) + " outputs");
    if (int64_t{dense.terms()} * dense.outputs > kMostTerms) throw InvalidArgument(name + " is too large");
    inputs = dense.outputs;
  }
}

}  // namespace

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
  validate_dense(architecture);
}

void validate(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights) {
  validate(architecture);
  const size_t convolutions = architecture.convolutions.size();
  if (weights.size() != convolutions + architecture.dense.size()) {
    throw InvalidArgument("as many weights as convolutions and dense layers are needed");
  }
  const auto check = [&](size_t at, const std::string& name, int outputs, int terms) {
    const size_t expected = static_cast<size_t>(outputs);
    if (weights[at].bias.size() != expected ||
        weights[at].weight.size() != expected * static_cast<size_t>(terms)) {
      throw InvalidArgument(name + " has weights of the wrong size");
    }
  };
  for (size_t i = 0; i < convolutions; ++i) {
    const Convolution& conv = architecture.convolutions[i];
    check(i, "conv" + conv.suffix(), conv.outputs, conv.inputs * 9);
  }
  for (size_t i = 0; i < architecture.dense.size(); ++i) {
    const Dense& dense = architecture.dense[i];
    check(convolutions + i, "fc" + dense_suffix(i), dense.outputs, dense.terms());
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
  for (size_t i = 0; i < architecture.dense.size(); ++i) {
    const int dense = static_cast<int>(i);
    layers.push_back({LayerKind::dense, "fc" + dense_suffix(i), -1, dense});
    if (i + 1 < architecture.dense.size())
      layers.push_back({LayerKind::relu, "relu" + dense_suffix(i), -1, dense});
  }
  return layers;
}

Shape shape_after(const Layer& layer, const Architecture& architecture, Shape shape, Rounding rounding) {
  if (layer.kind == LayerKind::conv) {
    shape.channels = architecture.convolutions[static_cast<size_t>(layer.convolution)].outputs;
  } else if (layer.kind == LayerKind::pool) {
    shape.height = pooled(shape.height, rounding);
    shape.width = pooled(shape.width, rounding);
  } else if (layer.kind == LayerKind::dense) {
    const Dense& dense = architecture.dense[static_cast<size_t>(layer.dense)];
    shape.channels = dense.outputs;
    shape.height = std::max(0, shape.height - dense.window + 1);
    shape.width = std::max(0, shape.width - dense.window + 1);
  }
  return shape;
}

}  // namespace scumble

// A whole network: its layers forward, and the chain rule back over their list.
#pragma once

#include <string>

#include "layers.h"

namespace reference {

struct Model {
  scumble::Architecture architecture;
  std::vector<scumble::ConvolutionWeights> weights;  // of the convolutions, then of the dense layers
  Pooling pooling = Pooling::max;
  double pool_scale = 1;
  Rounding rounding = Rounding::floor;

  Padding padding(int convolution) const {
    return convolution == 0 ? architecture.preprocessing.padding : Padding::zero;
  }
  const scumble::Dense& dense_of(const scumble::Layer& layer) const {
    return architecture.dense[static_cast<size_t>(layer.dense)];
  }
  const scumble::ConvolutionWeights& dense_weights(const scumble::Layer& layer) const {
    return weights[architecture.convolutions.size() + static_cast<size_t>(layer.dense)];
  }
  int source(int c) const { return architecture.preprocessing.bgr ? 2 - c : c; }
  double scale(int c) const {
    const auto& pre = architecture.preprocessing;
    return static_cast<double>(pre.range) / 255 / pre.std[static_cast<size_t>(c)];
  }
  double shift(int c) const {
    const auto& pre = architecture.preprocessing;
    return -static_cast<double>(pre.mean[static_cast<size_t>(c)]) / pre.std[static_cast<size_t>(c)];
  }

  // The network's input, then every layer's output, down to `layers` of them.
  std::vector<Tensor> forward(const Tensor& picture, size_t layers) const {
    std::vector<Tensor> tape;
    Tensor input(3, picture.height, picture.width);
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        for (int c = 0; c < 3; ++c) input.at(y, x, c) = picture.at(y, x, source(c)) * scale(c) + shift(c);
      }
    }
    tape.push_back(input);
    const auto all = layers_of(architecture);
    for (size_t i = 0; i < layers; ++i) {
      const scumble::Layer& layer = all[i];
      const Tensor& in = tape.back();
      switch (layer.kind) {
        case scumble::LayerKind::conv:
          tape.push_back(
              convolve(in, weights[static_cast<size_t>(layer.convolution)], padding(layer.convolution)));
          break;
        case scumble::LayerKind::relu:
          tape.push_back(relu(in));
          break;
        case scumble::LayerKind::pool:
          tape.push_back(pool(in, pooling, rounding));
          for (double& v : tape.back().values) v *= pool_scale;
          break;
        case scumble::LayerKind::dense:
          tape.push_back(dense(in, dense_of(layer), dense_weights(layer)));
          break;
      }
    }
    return tape;
  }

  // Place of a layer's output on the tape.
  size_t place(const std::string& name) const {
    const auto all = layers_of(architecture);
    size_t i = 0;
    while (all[i].name != name) ++i;
    return i + 1;
  }

  // The gradient with respect to the picture, of what has these gradients with respect to the tape. Lowers
  // `margin` to how near the closest kink is.
  Tensor backward(const std::vector<Tensor>& tape, std::vector<Tensor> gradients, double& margin) const;
};

inline double margin_of(const Tensor& in, const Tensor& out, scumble::LayerKind kind) {
  double largest = 0;
  double nearest = std::numeric_limits<double>::infinity();
  for (const double v : in.values) {
    largest = std::max(largest, std::abs(v));
    if (kind == scumble::LayerKind::relu) nearest = std::min(nearest, std::abs(v));
  }
  if (kind == scumble::LayerKind::pool) {
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        for (int c = 0; c < in.channels; ++c) {
          bool met = false;
          for (const size_t i : window_of(in, y, x, c)) {
            const double below = out.at(y, x, c) - in.values[i];
            if (below == 0 && !met) {
              met = true;
            } else if (out.at(y, x, c) > 0) {
              nearest = std::min(nearest, below);
            }
          }
        }
      }
    }
  }
  return largest > 0 ? nearest / largest : nearest;
}

inline Tensor Model::backward(const std::vector<Tensor>& tape, std::vector<Tensor> gradients,
                              double& margin) const {
  const auto all = layers_of(architecture);
  for (size_t n = tape.size() - 1; n > 0; --n) {
    const scumble::Layer& layer = all[n - 1];
    const Tensor& in = tape[n - 1];
    Tensor back;
    switch (layer.kind) {
      case scumble::LayerKind::conv:
        back = convolve_back(gradients[n], weights[static_cast<size_t>(layer.convolution)], in.channels,
                             padding(layer.convolution));
        break;
      case scumble::LayerKind::relu:
        back = masked(gradients[n], tape[n]);
        margin = std::min(margin, margin_of(in, tape[n], layer.kind));
        break;
      case scumble::LayerKind::pool:
        back = pool_back(gradients[n], in, pooling);
        for (double& v : back.values) v *= pool_scale;
        if (pooling == Pooling::max)
          margin = std::min(margin, margin_of(in, pool(in, pooling, rounding), layer.kind));
        break;
      case scumble::LayerKind::dense:
        back = dense_back(gradients[n], in, dense_of(layer), dense_weights(layer));
        break;
    }
    for (size_t i = 0; i < back.values.size(); ++i) gradients[n - 1].values[i] += back.values[i];
  }
  Tensor picture(3, tape[0].height, tape[0].width);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      for (int c = 0; c < 3; ++c) picture.at(y, x, source(c)) = gradients[0].at(y, x, c) * scale(c);
    }
  }
  return picture;
}

}  // namespace reference

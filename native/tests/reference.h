// The whole objective once more, in double and as plainly as it can be written: every operation by its
// definition, the gradient by the chain rule over the list of layers. The engine is held against this.
// Tensors are dense, channels last.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "../cpp/core/network.h"
#include "../cpp/core/objective.h"

namespace reference {

using scumble::Padding;
using scumble::Pooling;
using scumble::Rounding;

struct Tensor {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<double> values;

  Tensor() = default;
  Tensor(int c, int h, int w)
      : channels(c), height(h), width(w), values(static_cast<size_t>(c) * static_cast<size_t>(h * w)) {}

  size_t index(int y, int x, int c) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) *
               static_cast<size_t>(channels) +
           static_cast<size_t>(c);
  }
  double& at(int y, int x, int c) { return values[index(y, x, c)]; }
  double at(int y, int x, int c) const { return values[index(y, x, c)]; }
  double positions() const { return static_cast<double>(height) * width; }
  double elements() const { return static_cast<double>(values.size()); }
};

// Calls visit(y, x, source y, source x, tap) for every tap of a 3x3 window that has a source.
template <typename Visit>
void windows(int height, int width, Padding padding, const Visit& visit) {
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int tap = 0; tap < 9; ++tap) {
        int sy = y + tap / 3 - 1;
        int sx = x + tap % 3 - 1;
        if (padding == Padding::replicate) {
          sy = std::clamp(sy, 0, height - 1);
          sx = std::clamp(sx, 0, width - 1);
        }
        if (sy < 0 || sy >= height || sx < 0 || sx >= width) continue;
        visit(y, x, sy, sx, tap);
      }
    }
  }
}

inline size_t weight_index(int o, int i, int tap, int inputs) {
  return (static_cast<size_t>(o) * static_cast<size_t>(inputs) + static_cast<size_t>(i)) * 9 +
         static_cast<size_t>(tap);
}

// weights[outputs][inputs][3][3]
inline Tensor convolve(const Tensor& in, const scumble::ConvolutionWeights& w, Padding padding) {
  const int outputs = static_cast<int>(w.bias.size());
  Tensor out(outputs, in.height, in.width);
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] = w.bias[i % w.bias.size()];
  windows(in.height, in.width, padding, [&](int y, int x, int sy, int sx, int tap) {
    for (int o = 0; o < outputs; ++o) {
      double sum = 0;
      for (int i = 0; i < in.channels; ++i) {
        sum += in.at(sy, sx, i) * w.weight[weight_index(o, i, tap, in.channels)];
      }
      out.at(y, x, o) += sum;
    }
  });
  return out;
}

inline Tensor convolve_back(const Tensor& gradient, const scumble::ConvolutionWeights& w, int inputs,
                            Padding padding) {
  Tensor out(inputs, gradient.height, gradient.width);
  windows(gradient.height, gradient.width, padding, [&](int y, int x, int sy, int sx, int tap) {
    for (int o = 0; o < gradient.channels; ++o) {
      for (int i = 0; i < inputs; ++i) {
        out.at(sy, sx, i) += gradient.at(y, x, o) * w.weight[weight_index(o, i, tap, inputs)];
      }
    }
  });
  return out;
}

inline Tensor relu(Tensor t) {
  for (double& v : t.values) v = std::max(v, 0.0);
  return t;
}

// The gradient where `positive` is.
inline Tensor masked(Tensor gradient, const Tensor& positive) {
  for (size_t i = 0; i < gradient.values.size(); ++i) {
    if (!(positive.values[i] > 0)) gradient.values[i] = 0;
  }
  return gradient;
}

// Places of a pooling window in `in`, in row order; those over the edge are left out.
inline std::vector<size_t> window_of(const Tensor& in, int y, int x, int c) {
  std::vector<size_t> found;
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      if (2 * y + dy < in.height && 2 * x + dx < in.width)
        found.push_back(in.index(2 * y + dy, 2 * x + dx, c));
    }
  }
  return found;
}

inline double pool_window(const Tensor& in, const std::vector<size_t>& window, Pooling kind) {
  double result = kind == Pooling::max ? -std::numeric_limits<double>::infinity() : 0;
  for (const size_t i : window) {
    const double v = in.values[i];
    if (kind == Pooling::max) result = std::max(result, v);
    if (kind == Pooling::average) result += v / static_cast<double>(window.size());
    if (kind == Pooling::l2) result += v * v;
  }
  return kind == Pooling::l2 ? std::sqrt(result) : result;
}

inline int pooled_size(int size, Rounding rounding) {
  return rounding == Rounding::floor ? static_cast<int>(std::floor(size / 2.0))
                                     : static_cast<int>(std::ceil(size / 2.0));
}

inline Tensor pool(const Tensor& in, Pooling kind, Rounding rounding) {
  Tensor out(in.channels, pooled_size(in.height, rounding), pooled_size(in.width, rounding));
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      for (int c = 0; c < in.channels; ++c) out.at(y, x, c) = pool_window(in, window_of(in, y, x, c), kind);
    }
  }
  return out;
}

inline Tensor pool_back(const Tensor& gradient, const Tensor& in, Pooling kind) {
  Tensor out(in.channels, in.height, in.width);
  for (int y = 0; y < gradient.height; ++y) {
    for (int x = 0; x < gradient.width; ++x) {
      for (int c = 0; c < in.channels; ++c) {
        const std::vector<size_t> window = window_of(in, y, x, c);
        const double result = pool_window(in, window, kind);
        const double g = gradient.at(y, x, c);
        for (const size_t i : window) {
          if (kind == Pooling::average) out.values[i] += g / static_cast<double>(window.size());
          if (kind == Pooling::l2 && result > 0) out.values[i] += g * in.values[i] / result;
          if (kind == Pooling::max && in.values[i] == result) {
            out.values[i] += g;
            break;  // the first of equals
          }
        }
      }
    }
  }
  return out;
}

// F F^T / (C*M), row major.
inline std::vector<double> gram(const Tensor& f) {
  const size_t c = static_cast<size_t>(f.channels);
  std::vector<double> out(c * c);
  for (size_t m = 0; m < f.values.size(); m += c) {
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) out[i * c + j] += f.values[m + i] * f.values[m + j];
    }
  }
  for (double& v : out) v /= f.elements();
  return out;
}

inline double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

// Sum |dx| + |dy|; its gradient is added to `gradient`.
inline double total_variation(const Tensor& p, double weight, Tensor& gradient) {
  double total = 0;
  const auto edge = [&](size_t from, size_t to) {
    const double d = p.values[to] - p.values[from];
    total += std::abs(d);
    gradient.values[to] += weight * sign(d);
    gradient.values[from] -= weight * sign(d);
  };
  for (int y = 0; y < p.height; ++y) {
    for (int x = 0; x < p.width; ++x) {
      for (int c = 0; c < p.channels; ++c) {
        if (x + 1 < p.width) edge(p.index(y, x, c), p.index(y, x + 1, c));
        if (y + 1 < p.height) edge(p.index(y, x, c), p.index(y + 1, x, c));
      }
    }
  }
  return weight * total;
}

struct Model {
  scumble::Architecture architecture;
  std::vector<scumble::ConvolutionWeights> weights;
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;

  Padding padding(int convolution) const {
    return convolution == 0 ? architecture.preprocessing.padding : Padding::zero;
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

  size_t deepest(const scumble::Objective& objective) const {
    size_t deepest = 0;
    for (const auto& term : objective.content) deepest = std::max(deepest, place(term.layer));
    for (const auto& term : objective.style) deepest = std::max(deepest, place(term.layer));
    return deepest;
  }
};

struct Style {
  Tensor picture;
  double blend = 1;
};

struct Targets {
  std::vector<Tensor> content;
  std::vector<std::vector<double>> style;
};

inline Targets targets_of(const Model& model, const scumble::Objective& objective, const Tensor& content,
                          const std::vector<Style>& styles) {
  Targets targets;
  const size_t deepest = model.deepest(objective);
  const std::vector<Tensor> tape = model.forward(content, deepest);
  for (const auto& term : objective.content) targets.content.push_back(tape[model.place(term.layer)]);
  for (const Style& style : styles) {
    const std::vector<Tensor> of_style = model.forward(style.picture, deepest);
    targets.style.resize(objective.style.size());
    for (size_t t = 0; t < objective.style.size(); ++t) {
      const std::vector<double> found = gram(of_style[model.place(objective.style[t].layer)]);
      targets.style[t].resize(found.size());
      for (size_t i = 0; i < found.size(); ++i) targets.style[t][i] += style.blend * found[i];
    }
  }
  return targets;
}

struct Point {
  scumble::Losses losses;
  Tensor gradient;
  // How near the closest kink is: the smallest distance of a ReLU's input from zero and of a maximum from the
  // runner-up, relative to the layer's largest value.
  double margin = std::numeric_limits<double>::infinity();
};

inline double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

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

inline Point evaluate(const Model& model, const scumble::Objective& objective, const Targets& targets,
                      const Tensor& picture) {
  Point point;
  const size_t deepest = model.deepest(objective);
  const std::vector<Tensor> tape = model.forward(picture, deepest);
  const auto all = layers_of(model.architecture);
  std::vector<Tensor> gradients;
  for (const Tensor& t : tape) gradients.emplace_back(t.channels, t.height, t.width);

  for (size_t t = 0; t < objective.content.size(); ++t) {
    const size_t at = model.place(objective.content[t].layer);
    const Tensor& f = tape[at];
    const double weight = objective.content[t].weight / f.elements();
    double sum = 0;
    for (size_t i = 0; i < f.values.size(); ++i) {
      const double d = f.values[i] - targets.content[t].values[i];
      sum += d * d;
      gradients[at].values[i] += 2 * weight * d;
    }
    point.losses.content.push_back(weight * sum);
  }
  for (size_t t = 0; t < objective.style.size(); ++t) {
    const size_t at = model.place(objective.style[t].layer);
    const Tensor& f = tape[at];
    const size_t c = static_cast<size_t>(f.channels);
    std::vector<double> d = gram(f);
    double sum = 0;
    for (size_t i = 0; i < d.size(); ++i) {
      d[i] -= targets.style[t][i];
      sum += d[i] * d[i];
    }
    const double weight = objective.style[t].weight / static_cast<double>(d.size());
    point.losses.style.push_back(weight * sum);
    // dL/dF_i = sum over j of (dL/dG_ij + dL/dG_ji) F_j / (C*M)
    for (size_t m = 0; m < f.values.size(); m += c) {
      for (size_t i = 0; i < c; ++i) {
        for (size_t j = 0; j < c; ++j) {
          gradients[at].values[m + i] +=
              2 * weight * (d[i * c + j] + d[j * c + i]) * f.values[m + j] / f.elements();
        }
      }
    }
  }

  for (size_t n = deepest; n > 0; --n) {
    const scumble::Layer& layer = all[n - 1];
    const Tensor& in = tape[n - 1];
    Tensor back;
    switch (layer.kind) {
      case scumble::LayerKind::conv:
        back = convolve_back(gradients[n], model.weights[static_cast<size_t>(layer.convolution)], in.channels,
                             model.padding(layer.convolution));
        break;
      case scumble::LayerKind::relu:
        back = masked(gradients[n], tape[n]);
        point.margin = std::min(point.margin, margin_of(in, tape[n], layer.kind));
        break;
      case scumble::LayerKind::pool:
        back = pool_back(gradients[n], in, model.pooling);
        if (model.pooling == Pooling::max)
          point.margin = std::min(point.margin, margin_of(in, tape[n], layer.kind));
        break;
    }
    for (size_t i = 0; i < back.values.size(); ++i) gradients[n - 1].values[i] += back.values[i];
  }

  point.gradient = Tensor(3, picture.height, picture.width);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        point.gradient.at(y, x, model.source(c)) += gradients[0].at(y, x, c) * model.scale(c);
      }
    }
  }
  point.losses.tv = total_variation(picture, objective.tv_weight, point.gradient);
  point.losses.total = point.losses.tv;
  for (const double loss : point.losses.content) point.losses.total += loss;
  for (const double loss : point.losses.style) point.losses.total += loss;
  return point;
}

}  // namespace reference

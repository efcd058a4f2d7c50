// Layers and their gradients, in double, by their definitions. Tensors are dense, channels last.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../../cpp/core/network.h"

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
    const double* from = &in.values[in.index(sy, sx, 0)];
    double* to = &out.values[out.index(y, x, 0)];
    for (int o = 0; o < outputs; ++o) {
      double sum = 0;
      for (int i = 0; i < in.channels; ++i) sum += from[i] * w.weight[weight_index(o, i, tap, in.channels)];
      to[o] += sum;
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

// Calls visit(y, x, source y, source x, tap) for every position of a window in `in`, and of what it sees.
template <typename Visit>
void dense_windows(const scumble::Dense& dense, int height, int width, const Visit& visit) {
  for (int y = 0; y + dense.window <= height; ++y) {
    for (int x = 0; x + dense.window <= width; ++x) {
      for (int tap = 0; tap < dense.window * dense.window; ++tap)
        visit(y, x, y + tap / dense.window, x + tap % dense.window, tap);
    }
  }
}

// weight[outputs][window][window][inputs]
inline size_t dense_index(const scumble::Dense& dense, int o, int tap, int i) {
  return static_cast<size_t>(o) * static_cast<size_t>(dense.terms()) +
         static_cast<size_t>(tap) * static_cast<size_t>(dense.inputs) + static_cast<size_t>(i);
}

inline Tensor dense(const Tensor& in, const scumble::Dense& of, const scumble::ConvolutionWeights& w) {
  Tensor out(of.outputs, in.height - of.window + 1, in.width - of.window + 1);
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] = w.bias[i % w.bias.size()];
  dense_windows(of, in.height, in.width, [&](int y, int x, int sy, int sx, int tap) {
    for (int o = 0; o < of.outputs; ++o) {
      for (int i = 0; i < of.inputs; ++i)
        out.at(y, x, o) += in.at(sy, sx, i) * w.weight[dense_index(of, o, tap, i)];
    }
  });
  return out;
}

inline Tensor dense_back(const Tensor& gradient, const Tensor& in, const scumble::Dense& of,
                         const scumble::ConvolutionWeights& w) {
  Tensor out(in.channels, in.height, in.width);
  dense_windows(of, in.height, in.width, [&](int y, int x, int sy, int sx, int tap) {
    for (int o = 0; o < of.outputs; ++o) {
      for (int i = 0; i < of.inputs; ++i)
        out.at(sy, sx, i) += gradient.at(y, x, o) * w.weight[dense_index(of, o, tap, i)];
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

}  // namespace reference

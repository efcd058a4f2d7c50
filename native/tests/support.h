// What several tests need: random numbers that are the same everywhere, the instruction sets, tensors with a
// border, pictures and networks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../cpp/core/network.h"
#include "../cpp/core/noise.h"
#include "../cpp/core/session.h"
#include "../cpp/cpu/backend.h"
#include "../cpp/cpu/kernels/tensor.h"
#include "reference.h"

namespace scumble::cpu::wide {
extern const Isa isa;
}

namespace support {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(scumble::scramble(seed + 1)) {}

  uint64_t bits() { return scumble::scramble(state_ += 0x9e3779b97f4a7c15u); }
  // Uniform in [low, high), a float's value.
  float uniform(double low, double high) {
    return static_cast<float>(low + (high - low) * static_cast<double>(bits() >> 40) * 0x1p-24);
  }
  // Uniform in low ... high.
  int integer(int low, int high) {
    return low + static_cast<int>(bits() % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t state_;
};

inline std::vector<float> uniform(Random& random, size_t n, double low, double high) {
  std::vector<float> values(n);
  for (float& v : values) v = random.uniform(low, high);
  return values;
}

// Those this processor runs: what SCUMBLE_ISA may name.
constexpr scumble::Filter kFilters[] = {scumble::Filter::lanczos, scumble::Filter::cubic,
                                        scumble::Filter::sharp_cubic, scumble::Filter::triangle,
                                        scumble::Filter::box};

inline std::vector<const scumble::cpu::Isa*> own_isas() {
  std::vector<const scumble::cpu::Isa*> found;
  for (auto isa = scumble::cpu::available_isas(); *isa != nullptr; ++isa) found.push_back(*isa);
  return found;
}

// The same, and AVX-512's shapes whatever it runs.
inline std::vector<const scumble::cpu::Isa*> isas() {
  std::vector<const scumble::cpu::Isa*> found = own_isas();
#ifdef SCUMBLE_TEST_WIDE
  found.push_back(&scumble::cpu::wide::isa);
#endif
  return found;
}

// A tensor as kernels see it, in memory of exactly its size.
class Bordered {
 public:
  Bordered(int channels, int height, int width, float fill = 0)
      : channels_(channels),
        height_(height),
        width_(width),
        values_(static_cast<size_t>(channels) * static_cast<size_t>((height + 2) * (width + 2)), fill) {}
  explicit Bordered(const reference::Tensor& t) : Bordered(t.channels, t.height, t.width) { set(t); }

  scumble::cpu::Tensor view() {
    scumble::cpu::Tensor t{values_.data(), channels_, height_, width_};
    t.at += t.row() + t.channels;
    return t;
  }

  void set(const reference::Tensor& t) {
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        for (int c = 0; c < channels_; ++c) view().pixel(y, x)[c] = static_cast<float>(t.at(y, x, c));
      }
    }
  }

  std::vector<float> inside() {
    std::vector<float> found;
    for (int y = 0; y < height_; ++y) {
      const float* row = view().pixel(y, 0);
      found.insert(found.end(), row, row + static_cast<ptrdiff_t>(width_) * channels_);
    }
    return found;
  }

  bool border_is_zero() {
    for (int y = -1; y <= height_; ++y) {
      for (int x = -1; x <= width_; ++x) {
        if (y >= 0 && y < height_ && x >= 0 && x < width_) continue;
        for (int c = 0; c < channels_; ++c) {
          if (view().pixel(y, x)[c] != 0) return false;
        }
      }
    }
    return true;
  }

 private:
  int channels_;
  int height_;
  int width_;
  std::vector<float> values_;
};

inline reference::Tensor random_tensor(Random& random, int channels, int height, int width, double low = -1,
                                       double high = 1) {
  reference::Tensor t(channels, height, width);
  for (double& v : t.values) v = static_cast<double>(random.uniform(low, high));
  return t;
}

// Small whole numbers, so that there are ties and zeros.
inline reference::Tensor coarse_tensor(Random& random, int channels, int height, int width) {
  reference::Tensor t(channels, height, width);
  for (double& v : t.values) v = random.integer(-1, 2);
  return t;
}

inline scumble::ConvolutionWeights random_weights(Random& random, int inputs, int outputs) {
  const double bound = std::sqrt(6.0 / (9 * inputs));  // keeps the size of what passes through (He 2015)
  scumble::ConvolutionWeights w;
  w.weight = uniform(random, static_cast<size_t>(inputs) * static_cast<size_t>(outputs) * 9, -bound, bound);
  w.bias = uniform(random, static_cast<size_t>(outputs), -0.2, 0.2);
  return w;
}

// `depths`: convolutions per block; `width`: the outputs of each.
template <typename Width>
reference::Model random_model(Random& random, const std::vector<int>& depths, const Width& width) {
  reference::Model model;
  int inputs = 3;
  for (size_t block = 0; block < depths.size(); ++block) {
    for (int index = 1; index <= depths[block]; ++index) {
      const int outputs = width();
      model.architecture.convolutions.push_back({static_cast<int>(block) + 1, index, inputs, outputs});
      model.weights.push_back(random_weights(random, inputs, outputs));
      inputs = outputs;
    }
  }
  return model;
}

inline std::vector<float> floats(const reference::Tensor& t) {
  return {t.values.begin(), t.values.end()};
}

inline scumble::PictureView view(const std::vector<float>& values, int width, int height) {
  return {values.data(), width, height};
}

inline scumble::MaskView mask_view(const std::vector<float>& values, int width, int height) {
  return {values.data(), width, height};
}

// Adds a term. Its name is its place, so that no two have the same.
inline scumble::Term& add(scumble::Objective& objective, const std::string& kind, const std::string& layer,
                          double weight, std::vector<scumble::Target> targets) {
  scumble::Term term;
  term.name = std::to_string(objective.terms.size());
  term.kind = kind;
  term.weight = weight;
  if (!layer.empty()) term.layers = {layer};
  term.targets = std::move(targets);
  objective.terms.push_back(std::move(term));
  return objective.terms.back();
}

inline scumble::Term& add_tv(scumble::Objective& objective, double weight) {
  return add(objective, "tv", "", weight, {});
}

// The usual one: content of image 0, Gram matrices of image 1, and total variation unless its weight is 0.
inline scumble::Objective objective_of(const std::vector<std::string>& content,
                                       const std::vector<std::string>& style, double tv) {
  scumble::Objective made;
  for (const std::string& layer : content) add(made, "content", layer, 1, {{0}});
  for (const std::string& layer : style) add(made, "gram", layer, 1, {{1}});
  if (tv != 0) add_tv(made, tv);
  return made;
}

// Delegates to the CPU backend and remembers what was compiled.
class Recording final : public scumble::Backend {
 public:
  explicit Recording(const scumble::cpu::Isa& isa) : cpu_(isa) {}

  size_t tensor_bytes(const scumble::Shape& shape) const override { return cpu_.tensor_bytes(shape); }
  size_t working_bytes(std::string_view op, const scumble::Shape& features) const override {
    return cpu_.working_bytes(op, features);
  }
  std::vector<scumble::Group> fuse(const scumble::Plan& plan) const override { return fuse_by(plan); }
  size_t program_bytes(const scumble::Plan& plan, int threads) const override {
    return cpu_.program_bytes(plan, threads);
  }
  size_t network_bytes(const scumble::Architecture& architecture) const override {
    return cpu_.network_bytes(architecture);
  }
  std::shared_ptr<const scumble::Network> load(
      const scumble::Architecture& architecture,
      std::vector<scumble::ConvolutionWeights> weights) const override {
    return cpu_.load(architecture, std::move(weights));
  }
  std::unique_ptr<scumble::Program> compile(const scumble::Networks& networks, scumble::Plan plan,
                                            int threads) const override {
    plans.push_back(plan);
    auto made = cpu_.compile(networks, std::move(plan), threads);
    newest = made.get();
    return made;
  }
  std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                              int to_height, const scumble::Resampling& how, int threads) const override {
    return cpu_.resample(from, width, height, channels, to_width, to_height, how, threads);
  }

  std::function<std::vector<scumble::Group>(const scumble::Plan&)> fuse_by =
      [this](const scumble::Plan& plan) { return Backend::fuse(plan); };
  mutable std::vector<scumble::Plan> plans;
  mutable scumble::Program* newest = nullptr;  // lives as long as whoever asked for it

 private:
  scumble::cpu::CpuBackend cpu_;
};

inline const std::atomic<bool>& running() {
  static const std::atomic<bool> cancelled{false};
  return cancelled;
}

}  // namespace support

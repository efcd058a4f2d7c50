// What a network is: a chain of 3x3 convolutions, ReLUs and 2x2 poolings (VGG A, B, D, E of Simonyan &
// Zisserman 2014, any prefix and any widths), and what its first layer expects. The weights themselves live
// in a backend's subclass, packed the way its kernels read them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "channels.h"
#include "shape.h"

namespace scumble {

enum class Pooling { max, average, l2 };
enum class Rounding { floor, ceil };
enum class Padding { zero, replicate };

// A pixel p (RGB, 0..255) becomes (p * range / 255 - mean) / std in the network's channel order.
struct Preprocessing {
  bool bgr = false;
  float range = 255;
  std::array<float, 3> mean{};
  std::array<float, 3> std{1, 1, 1};
  Padding padding = Padding::zero;  // of the first convolution; all others pad with zeros
};

// The same as arithmetic on each channel.
Channels channels_of(const Preprocessing& preprocessing);

struct Convolution {
  int block = 0;  // 1-based, as in conv<block>_<index>
  int index = 0;
  int inputs = 0;
  int outputs = 0;
  bool first() const { return block == 1 && index == 1; }
  std::string suffix() const { return std::to_string(block) + "_" + std::to_string(index); }
};

struct Architecture {
  Preprocessing preprocessing;
  std::vector<Convolution> convolutions;
  bool whole = true;  // the last block is, so that its pool follows
};

// Kernels of one convolution: weight[outputs][inputs][3][3], bias[outputs].
struct ConvolutionWeights {
  std::vector<float> weight;
  std::vector<float> bias;
};

// Immutable, shared by sessions. A backend derives its own, holding packed weights.
class Network {
 public:
  explicit Network(Architecture architecture) : architecture_(std::move(architecture)) {}
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const Architecture& architecture() const { return architecture_; }
  virtual size_t bytes() const = 0;

 private:
  Architecture architecture_;
};

// Throws InvalidArgument unless the convolutions form a chain from 3 channels with ascending names.
void validate(const Architecture& architecture);
// The same, and that every convolution has weights of its size.
void validate(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights);

enum class LayerKind { conv, relu, pool };

struct Layer {
  LayerKind kind;
  std::string name;      // conv1_1, relu1_1, ..., pool1, conv2_1, ...
  int convolution = -1;  // index into Architecture::convolutions, for conv and relu
};

// All layers in order. The one place that names them.
std::vector<Layer> layers_of(const Architecture& architecture);

// Height or width after a 2x2 pooling of stride 2.
inline int pooled(int size, Rounding rounding) {
  return rounding == Rounding::floor ? size / 2 : (size + 1) / 2;
}

}  // namespace scumble

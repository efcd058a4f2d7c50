// What a network is: a chain of 3x3 convolutions, ReLUs and 2x2 poolings (VGG A, B, D, E of Simonyan &
// Zisserman 2014, any prefix and any widths), with its classifier where that is wanted, and what its first layer
// expects. The weights themselves live in a backend's subclass, packed the way its kernels read them.
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

// A layer of the classifier: each output is a product with all channels of a square of window x window positions.
// The squares slide by one position, without padding, so that a classifier takes pictures of any size from the one that
// it was trained on (Sermanet et al. 2014, "OverFeat", section 3.5).
struct Dense {
  int inputs = 0;
  int window = 1;
  int outputs = 0;
  // Numbers that each output is a product of.
  int terms() const { return inputs * window * window; }
};

struct Architecture {
  Preprocessing preprocessing;
  std::vector<Convolution> convolutions;
  bool whole = true;         // the last block is, so that its pool follows
  std::vector<Dense> dense;  // fc6, fc7 …, behind the last pool
};

// Kernels of one convolution: weight[outputs][inputs][3][3], bias[outputs]. Of a dense layer
// weight[outputs][window][window][inputs].
struct ConvolutionWeights {
  std::vector<float> weight;
  std::vector<float> bias;
};

// The weights of the dense layers. They are six times as many as all others, and only who recognises pictures needs
// them, so they are a thing of their own. A backend derives its own.
class Classifier {
 public:
  Classifier() = default;
  virtual ~Classifier() = default;
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;
  virtual size_t bytes() const = 0;
};

// Immutable, shared by sessions. A backend derives its own, holding packed weights.
class Network {
 public:
  explicit Network(Architecture architecture) : architecture_(std::move(architecture)) {}
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const Architecture& architecture() const { return architecture_; }
  // Of its convolutions.
  virtual size_t bytes() const = 0;
  size_t all_bytes() const { return bytes() + (classifier_ ? classifier_->bytes() : 0); }

  // There is one if the architecture has dense layers. It is set by who makes the network.
  const Classifier& classifier() const { return *classifier_; }
  void set_classifier(std::unique_ptr<const Classifier> made) { classifier_ = std::move(made); }

 private:
  Architecture architecture_;
  std::unique_ptr<const Classifier> classifier_;
};

// Throws InvalidArgument unless the convolutions form a chain from 3 channels with ascending names, which the dense
// layers go on.
void validate(const Architecture& architecture);
// The same, and that every convolution, then every dense layer, has weights of its size.
void validate(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights);

enum class LayerKind { conv, relu, pool, dense };

struct Layer {
  LayerKind kind;
  std::string name;      // conv1_1, relu1_1, ..., pool1, conv2_1, ..., pool5, fc6, relu6, fc7, relu7, fc8
  int convolution = -1;  // index into Architecture::convolutions, for conv and its relu
  int dense = -1;        // index into Architecture::dense, for dense and its relu
};

// All layers in order. The one place that names them.
std::vector<Layer> layers_of(const Architecture& architecture);

// Height or width after a 2x2 pooling of stride 2.
inline int pooled(int size, Rounding rounding) {
  return rounding == Rounding::floor ? size / 2 : (size + 1) / 2;
}

// What a layer makes of features of this shape. No position is left of what is smaller than a window.
Shape shape_after(const Layer& layer, const Architecture& architecture, Shape shape, Rounding rounding);

}  // namespace scumble

// A plan is an iteration (or a forward pass that collects targets) compiled to a flat list of fused steps,
// with every buffer placed in one arena by its lifetime. It is made once, without allocating: `bytes` is the
// memory estimate and exactly what a backend allocates. Every backend runs the same list.
#pragma once

#include <string>
#include <vector>

#include "network.h"
#include "objective.h"
#include "shape.h"

namespace scumble {

class Backend;

using BufferId = int;
constexpr BufferId kNoBuffer = -1;

enum class Op {
  input,         // in: picture; out: the network's input
  conv,          // in, out; bias always, ReLU if `relu`
  relu,          // in, out
  pool,          // in, out
  gram,          // in: features; out: C*C matrix / (C*M); scratch
  style_loss,    // in: Gram matrix G, other: target T; out: S = 4 w / (C^3 M) * (G - T)
  style_back,    // in: features F, other: S; out: gradient S F; scratch
  content_loss,  // in: features, other: target; out: gradient
  conv_back,     // in: gradient of the convolution's output; out: gradient of its input
  relu_back,     // in: gradient, other: the ReLU's output; out: gradient
  pool_back,     // in: gradient, other: the pool's input; out: gradient
  input_back,    // in: gradient of the network's input; out: gradient of the picture
  tv,            // in: picture; out: gradient of the picture
};

struct Step {
  Op op;
  BufferId in = kNoBuffer;
  BufferId out = kNoBuffer;
  BufferId other = kNoBuffer;
  BufferId scratch = kNoBuffer;
  BufferId mask = kNoBuffer;  // backward: zero the gradient where this ReLU output is not positive
  int convolution = -1;
  int slot = -1;            // where the loss goes
  double weight = 0;        // of the loss
  size_t positions = 0;     // style_loss: M of the features behind the Gram matrix
  bool relu = false;        // conv: fuse the ReLU
  bool accumulate = false;  // backward: add to what is in `out` (else overwrite)
};

enum class BufferKind {
  picture,  // interleaved RGB floats, no border
  tensor,   // activations or their gradient, in the backend's layout
  matrix,   // channels * channels floats, row major
  scratch,  // bytes the backend asked for
};

struct Buffer {
  BufferKind kind;
  Shape shape;  // of a picture or tensor; a matrix has channels only
  size_t bytes = 0;
  int first = 0;  // first and last step that touch it; persistent buffers span all
  int last = 0;
  size_t offset = 0;  // in the arena
};

struct PlanRequest {
  int width = 0;
  int height = 0;
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;
  Objective objective;
  int vectors = 0;  // picture-sized vectors that the optimiser and the session keep
};

struct Plan {
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;
  std::vector<Step> steps;
  std::vector<Buffer> buffers;
  size_t bytes = 0;  // of the arena
  int slots = 0;     // loss values: content terms, style terms, tv

  BufferId picture = kNoBuffer;
  BufferId gradient = kNoBuffer;
  std::vector<BufferId> vectors;
  std::vector<BufferId> content;  // per content term: its target (iteration) or its features (targets)
  std::vector<BufferId> style;    // per style term: its target (iteration) or its Gram matrix (targets)

  // One iteration: losses, and their gradient with respect to the picture.
  static Plan iteration(const Backend& backend, const Architecture& architecture, const PlanRequest& request);

  // One forward pass over a picture of the request's size that leaves the content terms' features and the
  // style terms' Gram matrices in `content` and `style`.
  static Plan targets(const Backend& backend, const Architecture& architecture, const PlanRequest& request);
};

// Smallest height and width that leave at least one position at `layer`. Throws InvalidArgument for unknown
// layers.
int smallest_size(const Architecture& architecture, const std::string& layer, Rounding rounding);

}  // namespace scumble

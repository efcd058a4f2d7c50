// A plan is an iteration (or a forward pass that collects targets) as a flat list of steps, with every buffer
// placed in one arena by its lifetime. It is made once, without allocating: `bytes` is the memory estimate
// and exactly what a backend allocates. Every backend runs the same list.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "network.h"
#include "objective.h"
#include "shape.h"
#include "variation.h"

namespace scumble {

class Backend;

using BufferId = int;
constexpr BufferId kNoBuffer = -1;

// A step applies an operation, which goes by its name in every backend: ops/ there has a file for each. An
// operation knows nothing of losses: what they weigh comes with the step. These are the network's, and three
// that losses share; a loss that needs others says in its own file (losses/) what they do.
//
//   input           in: picture; out: the network's input
//   conv            in, out; bias always, ReLU if `relu`
//   relu            in, out
//   pool            in; out: scale * what the windows become
//   dense           in, scratch; out; bias always, ReLU if `relu`
//   laplacian       in: coefficients of a pyramid, scratch; out: its picture
//   weigh           in, guide; out: in times the guide, pixel by pixel
//   multiply        in, other; out: scale * the product of in, transposed if `transpose_in`, and other,
//                   transposed if `transpose_other`; adds to what is in `out`, which is neither of them, if
//                   `accumulate`. A matrix is dense, row by row: its columns are a shape's channels, its rows
//                   the height. If `symmetric`, the product (and what it adds to) is known to be, and half of
//                   it is computed
//   difference      in, other; out: scale * (in - other); loss: loss_scale * sum of (in - other)^2
//
// and gradients, which add to what is in `out` if `accumulate`, and are zero where `mask` is not positive (as
// is a difference of features):
//
//   conv_back       in: gradient of the convolution's output; out: of its input
//   dense_back      in: gradient of the dense layer's output, scratch; out: of its input
//   relu_back       in: gradient, other: the ReLU's output
//   pool_back       in: gradient, other: the pool's input; out: scale * the gradient
//   input_back      in: gradient of the network's input; out: of the picture
//   normalize       in: a term's own gradient g; out: scale * g / (the sum of |g| + kLeastNorm * scale)
//   laplacian_back  in: gradient of a picture; out: of its coefficients, never accumulated
struct Step {
  std::string_view op;
  BufferId in = kNoBuffer;
  BufferId other = kNoBuffer;
  BufferId statistic = kNoBuffer;
  BufferId guide = kNoBuffer;
  BufferId mask = kNoBuffer;  // a ReLU's output
  BufferId scratch = kNoBuffer;
  BufferId out = kNoBuffer;
  int network = 0;
  int convolution = -1;
  int dense = -1;  // of a dense layer: which
  int slot = -1;   // where the loss goes
  double loss_scale = 0;
  double scale = 0;  // of what is written to `out`
  Variation variation;
  int first_row = 0;
  int rows = 0;           // of sums: this many from first_row on
  int first_channel = 0;  // of several layers' features side by side: where this one's begin
  bool relu = false;
  bool accumulate = false;  // add to what is in `out`, else overwrite
  bool transpose_in = false;
  bool transpose_other = false;
  bool symmetric = false;
  uint64_t seed = 0;  // of what is drawn by lot, anew in every evaluation

  std::array<BufferId, 7> buffers() const { return {in, other, statistic, guide, mask, scratch, out}; }
};

// Keeps the gradient of a term that is met finite, in units of its weight, as jcjohnson/neural-style does.
constexpr double kLeastNorm = 1e-8;

// Consecutive steps that a backend makes at once, by an operation of its own.
struct Group {
  std::string_view op;
  size_t first = 0;
  size_t count = 1;
};

enum class BufferKind {
  dense,    // floats, channels last, without a border: pictures, matrices, guides, statistics
  tensor,   // activations or their gradient, in the backend's layout
  working,  // as the operation wants it
};

struct Buffer {
  BufferKind kind;
  Shape shape;  // a matrix is channels x channels x 1; of working memory, the features'
  size_t bytes = 0;
  bool given = false;  // written before the first group
  int first = 0;       // first and last group that touch it; persistent buffers span all
  int last = 0;
  size_t offset = 0;  // in the arena
};

// A mask on the grid of a layer, to be written before the plan is run (images.h).
struct Guide {
  BufferId buffer;
  int mask;  // index of the run's masks
};

struct PlanRequest {
  int width = 0;
  int height = 0;
  Pooling pooling = Pooling::max;
  double pool_scale = 1;  // what a pool makes is multiplied by it
  Rounding rounding = Rounding::floor;
  Objective objective;
  uint64_t seed = 0;
  Shape optimised{};  // the picture that the run makes, where this is another image; else none
  int vectors = 0;    // of the variable's size, that the optimiser keeps
  int details = 0;    // of the Laplacian pyramid whose coefficients are the variable; 0: the picture is
};

struct Plan {
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;
  std::vector<Step> steps;
  size_t preparation = 0;  // the first so many steps run once, before all others
  std::vector<Group> groups;
  std::vector<Buffer> buffers;
  size_t bytes = 0;  // of the arena
  int slots = 0;     // loss values: one a term

  BufferId picture = kNoBuffer;
  BufferId gradient = kNoBuffer;
  // What the optimiser moves, and its gradient: the picture and its own, or the coefficients of its pyramid
  // (laplacian.h), which the first step makes the picture of, and their gradient, which the last step leaves.
  BufferId variable = kNoBuffer;
  BufferId variable_gradient = kNoBuffer;
  BufferId result = kNoBuffer;    // a picture that outlives iterations
  std::vector<BufferId> vectors;  // the optimiser's
  std::vector<Guide> guides;
  // Per term, what it compares the picture with; of collect(), what `image` has of it, per target that is
  // made of it, in the order of the terms and their targets.
  std::vector<std::vector<BufferId>> targets;

  // One iteration: losses, and their gradient with respect to the picture.
  static Plan iteration(const Backend& backend, const Architectures& networks, const PlanRequest& request);

  // One forward pass over an image of the request's size that leaves in `targets` what the terms want of it.
  static Plan collect(const Backend& backend, const Architectures& networks, const PlanRequest& request,
                      int image);

  const Buffer& buffer(BufferId id) const { return buffers[static_cast<size_t>(id)]; }
};

}  // namespace scumble

// The operations of a plan on a CUDA device: host functions that queue kernels on a stream and return. One
// operation per .cu file. They allocate nothing, synchronise nothing and read no device memory on the host,
// so that a whole iteration can be captured as a graph. A launch that fails is reported by
// cudaGetLastError(), which the caller checks.
//
// Activations and their gradients are channels last without a border: a pixel has padded(channels) elements,
// and every writer writes zeros to those beyond `channels`. Elements are float, or bfloat16 where the
// precision is bf16. Pictures are dense interleaved RGB floats, matrices dense row-major floats. Whatever is
// passed starts at a multiple of 16 bytes. A tensor has less than 2^31 pixels and a row of it less than
// 2^31 elements; offsets of elements are 64 bits wide.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "../../cpp/core/channels.h"
#include "precision.h"

namespace scumble::cuda {

constexpr int kChannelAlign = 8;
__host__ __device__ constexpr int padded(int channels) {
  return (channels + kChannelAlign - 1) / kChannelAlign * kChannelAlign;
}
constexpr size_t element_bytes(Precision precision) {
  return precision == Precision::bf16 ? 2 : 4;
}

struct Tensor {
  void* at = nullptr;
  int channels = 0;
  int height = 0;
  int width = 0;
};

// The pixel (y, x) as a number, row by row. Multiplied in 32 bits, because in 64 the products in float32 run out of
// registers.
__host__ __device__ constexpr size_t pixel_index(int y, int x, int width) {
  return static_cast<size_t>(y * width + x);
}

// A convolution over 3x3 taps, or its gradient, which is one with other weights. Forward there is a bias: out
// = in * weights + bias, then ReLU if `relu`. Backward there is none: out = in * weights, + out if
// `accumulate`, then 0 where mask <= 0.
struct Convolution {
  Tensor in;
  Tensor out;
  const void* weights = nullptr;  // packed by pack_weights()
  const float* bias = nullptr;    // padded(out.channels) floats, zeros beyond out.channels
  const void* mask = nullptr;     // a tensor laid out as out, or null
  void* scratch = nullptr;        // for float32
  size_t scratch_bytes = 0;
  bool relu = false;
  bool accumulate = false;
  bool first = false;  // the network's first, or its gradient: the one with kernels and weights of its own
  bool replicate = false;  // the first one's border is the nearest pixel, not zero
};
// Which weights: those of a convolution of the network, or of its gradient, from `outputs` channels to
// `inputs`, which has the kernels turned by half a turn. `first` as above.
struct WeightsOf {
  int inputs;
  int outputs;
  bool first;
  bool backward;
};
// The layout is the kernel's business: bytes on the device, and the packing (on the host, once per network).
// `weight` is [outputs][inputs][3][3].
size_t packed_weight_bytes(const WeightsOf& of, Precision precision);
void pack_weights(const float* weight, const WeightsOf& of, Precision precision, void* packed);
// How much scratch is best; with less, at least for 128 tiles of 4 x 4 pixels, it takes longer. Of a
// gradient, `inputs` and `outputs` are its own.
size_t convolution_scratch_bytes(int inputs, int outputs, int height, int width, Precision precision);
void convolve(const Convolution& convolution, Precision precision, cudaStream_t stream);

// Gram = F^T F / (channels * positions), C x C, both triangles. Scratch holds partial sums over the splits of
// the positions.
size_t gram_scratch_bytes(int channels, int height, int width, Precision precision);
void gram(const Tensor& features, float* out, void* scratch, Precision precision, cudaStream_t stream);
// The same, fused with what the style term makes of it: S = gradient_scale * (Gram - target) goes to
// `difference`, and loss_scale * sum (Gram - target)^2 to `partials` (see Partials). The Gram itself is not
// kept.
struct StyleTerm {
  const float* target = nullptr;
  float* difference = nullptr;
  double gradient_scale = 0;
  double loss_scale = 0;
};
struct Partials;
void gram_difference(const Tensor& features, const StyleTerm& term, const Partials& partials, void* scratch,
                     Precision precision, cudaStream_t stream);
// out (+)= F S at every position, then 0 where mask <= 0. S is symmetric. Scratch as for gram().
void style_back(const Tensor& features, const float* difference, const Tensor& out, const void* mask,
                bool accumulate, void* scratch, Precision precision, cudaStream_t stream);

// Every sum that becomes a loss or a scalar: kernels write one double per block, to where the block's number alone
// says, and sum_partials() adds each slot's in their order. No atomics, so the same bytes every time. Of the
// kPartials of a slot, a kernel uses at most as many as it has blocks and writes zeros to the rest.
constexpr int kPartials = 256;
struct Partials {
  double* at = nullptr;  // kPartials of one slot
};
// sums[slot] = sum of the slot's partials.
void sum_partials(const double* partials, int slots, double* sums, cudaStream_t stream);

// The network's input, and what its gradient says to the picture.
void input(const float* picture, const Tensor& out, const Channels& channels, Precision precision,
           cudaStream_t stream);
// picture gradient += what input()'s gradient says.
void input_back(const Tensor& gradient, float* picture, const Channels& channels, Precision precision,
                cudaStream_t stream);

void relu(const Tensor& in, const Tensor& out, Precision precision, cudaStream_t stream);
// out (+)= in where `positive` > 0, then 0 where mask <= 0.
void relu_back(const Tensor& in, const void* positive, const Tensor& out, const void* mask, bool accumulate,
               Precision precision, cudaStream_t stream);

// As scumble::Pooling. Windows of 2x2, stride 2; one that hangs over the edge (rounding up) counts what is
// inside. A tie of max sends its gradient to the first in row order.
enum class Pool { max, average, l2 };
void pool(Pool kind, const Tensor& in, const Tensor& out, Precision precision, cudaStream_t stream);
// convolve(), and pool() of its result, while it is at hand where there is a kernel for that.
void convolve_and_pool(const Convolution& convolution, Pool kind, const Tensor& pooled, Precision precision,
                       cudaStream_t stream);

// The network's first two convolutions, the second one's pool if `pooled` is memory, and gram_difference() of
// the first one's result if there is `scratch`, in one pass. False, with nothing done, where no kernel does
// that.
struct FirstTwo {
  Convolution first;
  Convolution second;
  Tensor pooled;
  Pool kind = Pool::max;
  StyleTerm style;
  Partials losses;
  void* scratch = nullptr;
};
bool convolve_first_two(const FirstTwo& two, Precision precision, cudaStream_t stream);

// gradient: of the pooled tensor; in, out: as the pool's input. Positions that no window covers get 0 (or
// what is there).
void pool_back(Pool kind, const Tensor& gradient, const Tensor& in, const Tensor& out, const void* mask,
               bool accumulate, Precision precision, cudaStream_t stream);

// out (+)= gradient_scale * (in - target), masked; loss_scale * sum (in - target)^2 to partials.
void content_loss(const Tensor& in, const void* target, const Tensor& out, const void* mask, bool accumulate,
                  double gradient_scale, double loss_scale, const Partials& partials, Precision precision,
                  cudaStream_t stream);
// gradient = weight * d/dpicture (sum |dx| + sum |dy|); weight times that sum to partials.
void total_variation(const float* picture, int width, int height, float* gradient, double weight,
                     const Partials& partials, cudaStream_t stream);

// What follows an evaluation. `State` lies on the device, so that the host need not wait for any of it.
struct State {
  double total;        // of the last evaluation
  double best_total;   // the lowest so far; starts at infinity
  double mean_weight;  // of the running mean; corrects its bias towards zero, as in Adam
  int iteration;       // evaluations so far
  int best;            // the iteration of best_total
  int diverged;        // the iteration whose total was not finite, else 0: from then on nothing moves
};
// state.total = sum of losses[0 .. slots); counts the iteration; notes the best total, or a divergence.
void judge(const double* losses, int slots, State* state, cudaStream_t stream);
// averaging == 0: result = picture if the total is the lowest so far. Otherwise result = averaging * result +
// (1 - averaging) * picture (the first time: (1 - averaging) * picture), and state.mean_weight likewise.
// Nothing once diverged.
void keep_result(const float* picture, float* result, size_t elements, double averaging, State* state,
                 cudaStream_t stream);
// One Adam update (Kingma & Ba 2014) of float32 vectors; t is state.iteration. Nothing once diverged.
struct AdamUpdate {
  float* x;
  const float* gradient;
  float* m;
  float* v;
  size_t elements;
  double learning_rate, beta1, beta2, epsilon;
};
void adam(const AdamUpdate& update, const State* state, cudaStream_t stream);
// One L-BFGS step as core/lbfgs.h takes it, wholly on the device: the recursion runs on the dot products
// of the history's vectors, which one batched kernel makes in one pass over memory. `memory` is lbfgs_bytes()
// of device memory that holds the dot products, which vector is which, and partial sums.
struct LbfgsUpdate {
  float* x;
  const float* gradient;
  float* const* vectors;  // on the host, 2 * (history + 1) device pointers; only lbfgs_start() looks at them
  int history;            // 1 ... 1000
  size_t elements;
  double learning_rate;
};
size_t lbfgs_bytes(int history);
// Once before the first step, and to start afresh. Not to be captured: lbfgs() is then the same every time.
void lbfgs_start(const LbfgsUpdate& update, void* memory, cudaStream_t stream);
void lbfgs(const LbfgsUpdate& update, const State* state, void* memory, cudaStream_t stream);

// Lanczos resampling of interleaved floats, as cpu/resample.h. `scratch`: resample_scratch_bytes().
size_t resample_scratch_bytes(int width, int height, int channels, int to_width, int to_height);
void resample(const float* from, int width, int height, int channels, int to_width, int to_height, float low,
              float high, float* to, void* scratch, cudaStream_t stream);

}  // namespace scumble::cuda

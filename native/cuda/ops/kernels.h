// The operations of a plan on a CUDA device: host functions that queue kernels on a stream and return. One
// operation per .cu file. They allocate nothing, synchronise nothing and read no device memory on the host,
// so that they can be captured as graphs. A launch that fails is reported by
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
#include "../../cpp/core/resampling.h"
#include "../../cpp/core/variation.h"
#include "arithmetic.h"

namespace scumble::cuda {

constexpr int kChannelAlign = 8;
__host__ __device__ constexpr int padded(int channels) {
  return (channels + kChannelAlign - 1) / kChannelAlign * kChannelAlign;
}
constexpr size_t element_bytes(Arithmetic precision) {
  return precision == Arithmetic::bf16 ? 2 : 4;
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
size_t packed_weight_bytes(const WeightsOf& of, Arithmetic precision);
void pack_weights(const float* weight, const WeightsOf& of, Arithmetic precision, void* packed);
// How much scratch is best; with less, at least for 128 tiles of 4 x 4 pixels, it takes longer. Of a
// gradient, `inputs` and `outputs` are its own.
size_t convolution_scratch_bytes(int inputs, int outputs, int height, int width, Arithmetic precision);
void convolve(const Convolution& convolution, Arithmetic precision, cudaStream_t stream);

// Where a gradient goes: out = it, + out if `accumulate`, then 0 where mask <= 0.
struct Gradient {
  Tensor out;
  const void* mask = nullptr;  // a tensor laid out as out, or null
  bool accumulate = false;
};

// Rows of a tensor.
struct Rows {
  int first;
  int count;
};
inline Tensor rows_of(const Tensor& t, const Rows& rows, Arithmetic precision) {
  const size_t row =
      static_cast<size_t>(t.width) * static_cast<size_t>(padded(t.channels)) * element_bytes(precision);
  return {static_cast<char*>(t.at) + static_cast<size_t>(rows.first) * row, t.channels, rows.count, t.width};
}

// Every sum that becomes a loss or a scalar: kernels write one double per block, to where the block's number alone
// says, and sum_partials() adds each slot's in their order. No atomics, so the same bytes every time. Of the
// kPartials of a slot, a kernel uses at most as many as it has blocks and writes zeros to the rest.
constexpr int kPartials = 256;
struct Partials {
  double* at = nullptr;  // kPartials of one slot
};
// sums[slot] = sum of the slot's partials.
void sum_partials(const double* partials, int slots, double* sums, cudaStream_t stream);

// Gram matrices, C x C, both triangles. gram_sums() leaves the sums of F^T F over some rows in `sums`, on top
// of what is there if `accumulate`: splits of the positions one after the other, for gram() and
// gram_difference() to add. All are told the whole features, whose shape says how many splits there are.
size_t gram_sums_bytes(int channels, int height, int width, Arithmetic precision);
void gram_sums(const Tensor& features, const Rows& rows, bool accumulate, void* sums, Arithmetic precision,
               cudaStream_t stream);
// out = scale * the sums.
void gram(const void* sums, const Tensor& features, double scale, float* out, Arithmetic precision,
          cudaStream_t stream);
// The same and its difference() from a target, in one pass; the matrix itself is not kept.
struct GramDifference {
  double gram_scale = 0;
  const float* target = nullptr;
  float* out = nullptr;  // scale * (gram_scale * sums - target)
  double scale = 0;
  double loss_scale = 0;
  Partials partials;
};
void gram_difference(const void* sums, const Tensor& features, const GramDifference& difference,
                     Arithmetic precision, cudaStream_t stream);
// The gradient: F S at every position. S is symmetric.
size_t gram_back_bytes(int channels, Arithmetic precision);
void gram_back(const Tensor& features, const float* s, const Gradient& gradient, void* scratch,
               Arithmetic precision, cudaStream_t stream);

// out = in times the guide, which has a float for every pixel.
void weigh(const Tensor& in, const float* guide, const Tensor& out, Arithmetic precision,
           cudaStream_t stream);

// Channel means and standard deviations. channel_sums() leaves sums of F and F^2 over some rows, weighted by
// the guide's square if there is one, as gram_sums() does.
size_t channel_sums_bytes(int channels, int height, int width);
void channel_sums(const Tensor& features, const float* guide, const Rows& rows, bool accumulate, double* sums,
                  Arithmetic precision, cudaStream_t stream);
// out: a mean per channel, scale * the first sum; then a deviation per channel.
void mean_std(const double* sums, const Tensor& features, double scale, float* out, cudaStream_t stream);
// Their gradient: `statistic` is what mean_std() made, `by` the gradient with respect to that.
void mean_std_back(const Tensor& in, const float* guide, const float* statistic, const float* by,
                   double scale, const Gradient& gradient, Arithmetic precision, cudaStream_t stream);

// Histograms. `out`: per channel the lowest value, per channel the highest, then `points` counts per channel
// of what lies around so many points between them, a value counting for its two neighbours by nearness.
size_t histogram_bytes(int channels, int height, int width);
void histogram(const Tensor& features, int points, float* out, void* scratch, Arithmetic precision,
               cudaStream_t stream);
// `count` quantiles per channel, at the ranks (i + 1/2) / count.
void quantiles(const float* histogram, int channels, int points, int count, float* out, cudaStream_t stream);
// The difference() of features from what has the target's quantiles and their own ranks. The loss goes to
// `partials`.
size_t histogram_back_bytes(int channels, int points);
struct HistogramBack {
  const float* histogram;
  int points;
  const float* target;  // quantiles
  int count;
  double scale;
  double loss_scale;
  Partials partials;
};
void histogram_back(const Tensor& in, const HistogramBack& back, const Gradient& gradient, void* scratch,
                    Arithmetic precision, cudaStream_t stream);

// The network's input, and what its gradient says to the picture.
void input(const float* picture, const Tensor& out, const Channels& channels, Arithmetic precision,
           cudaStream_t stream);
void input_back(const Tensor& gradient, float* picture, bool accumulate, const Channels& channels,
                Arithmetic precision, cudaStream_t stream);

void relu(const Tensor& in, const Tensor& out, Arithmetic precision, cudaStream_t stream);
// The gradient: in where `positive` > 0.
void relu_back(const Tensor& in, const void* positive, const Gradient& gradient, Arithmetic precision,
               cudaStream_t stream);

// The gradient: weight * in / (the sum of |in| + kLeastNorm * weight).
size_t normalize_bytes();
void normalize(const Tensor& in, double weight, const Gradient& gradient, void* scratch, Arithmetic precision,
               cudaStream_t stream);

// As scumble::Pooling. Windows of 2x2, stride 2; one that hangs over the edge (rounding up) counts what is
// inside. A tie of max sends its gradient to the first in row order. All is multiplied by `scale`.
enum class Pool { max, average, l2 };
void pool(Pool kind, double scale, const Tensor& in, const Tensor& out, Arithmetic precision,
          cudaStream_t stream);
// convolve(), and pool() of its result, while it is at hand where there is a kernel for that.
void convolve_and_pool(const Convolution& convolution, Pool kind, const Tensor& pooled, Arithmetic precision,
                       cudaStream_t stream);

// The network's first two convolutions, the second one's pool if `pooled` is memory, and the first one's
// gram_sums() and gram_difference() if there are `sums`, in one pass. False, with nothing done, where no
// kernel does that.
struct FirstTwo {
  Convolution first;
  Convolution second;
  Tensor pooled;
  Pool kind = Pool::max;
  GramDifference difference;
  void* sums = nullptr;
};
bool convolve_first_two(const FirstTwo& two, Arithmetic precision, cudaStream_t stream);

// pooled: the gradient of the pool's output; in: the pool's input. Positions that no window covers get 0 (or
// what is there).
void pool_back(Pool kind, double scale, const Tensor& pooled, const Tensor& in, const Gradient& gradient,
               Arithmetic precision, cudaStream_t stream);

// scale * (in - target), and loss_scale * sum (in - target)^2 to partials: of tensors, as a gradient, and of
// dense floats.
void difference(const Tensor& in, const void* target, const Gradient& gradient, double scale,
                double loss_scale, const Partials& partials, Arithmetic precision, cudaStream_t stream);
void difference(const float* in, const float* target, float* out, size_t elements, double scale,
                double loss_scale, const Partials& partials, cudaStream_t stream);
// loss_scale * sum (|dx| + |dy|) to partials; gradient = scale * that sum's, + what is there if `accumulate`.
void tv(const float* picture, int width, int height, float* gradient, bool accumulate, double scale,
        double loss_scale, const Partials& partials, cudaStream_t stream);
// The same of a weighted sum of squared differences.
void tv_squares(const float* picture, int width, int height, const Variation& by, float* gradient,
                bool accumulate, double scale, double loss_scale, const Partials& partials,
                cudaStream_t stream);

// One level of a Laplacian pyramid of interleaved RGB (core/laplacian.h).
struct Picture {
  float* at;
  int height;
  int width;
};
// to = detail + the half, bilinear.
void laplacian_up(const Picture& half, const float* detail, const Picture& to, cudaStream_t stream);
// The adjoint: the half's gradient.
void laplacian_up_back(const Picture& gradient, const Picture& half, cudaStream_t stream);

// What follows an evaluation: where a run stands, as scalars. It lies on the device, so that the host need not
// wait for any of it.
struct Progress {
  double total;        // of the last evaluation
  double best_total;   // the lowest so far; starts at infinity
  double mean_weight;  // of the running mean; corrects its bias towards zero, as in Adam
  double mean_keep;    // what the running mean is multiplied with before this point enters
  int64_t updates;     // of the picture by this optimiser, the one that follows included
  int iteration;       // evaluations so far
  int best;            // the iteration of best_total
  int diverged;        // the iteration whose total was not finite, else 0: while it is set nothing moves
};
// The host's copy of it, in pinned memory, is followed by the losses.
constexpr size_t report_bytes(int slots) {
  return sizeof(Progress) + static_cast<size_t>(slots) * sizeof(double);
}
// progress.total = sum of losses[0 .. slots); counts the iteration; notes the best total, or a divergence; lets the
// point enter the mean's weight. All of it then goes to the report.
void judge(const double* losses, int slots, double averaging, Progress* progress, void* report,
           cudaStream_t stream);
// averaging == 0: result = picture if the total is the lowest so far. Otherwise result = averaging * result +
// (1 - averaging) * picture (the first time: (1 - averaging) * picture). Nothing once diverged.
void keep_result(const float* picture, float* result, size_t elements, double averaging,
                 const Progress* progress, cudaStream_t stream);
// One Adam update (Kingma & Ba 2014) of float32 vectors; t is progress.updates. Nothing once diverged.
struct AdamUpdate {
  float* x;
  const float* gradient;
  float* m;
  float* v;
  size_t elements;
  double learning_rate, beta1, beta2, epsilon;
};
void adam(const AdamUpdate& update, const Progress* progress, cudaStream_t stream);
// One RMSprop update (core/rmsprop.h). Nothing once diverged.
struct RmspropUpdate {
  float* x;
  const float* gradient;
  float* v;
  size_t elements;
  double learning_rate, decay, epsilon;
};
void rmsprop(const RmspropUpdate& update, const Progress* progress, cudaStream_t stream);
// Holds every element to [low, high]; what is not a number stays so. Nothing once diverged.
void clamp(float* x, size_t elements, float low, float high, const Progress* progress, cudaStream_t stream);

// Resampling of interleaved floats, as cpu/resample.h. `scratch`: resample_scratch_bytes().
size_t resample_scratch_bytes(int width, int height, int channels, int to_width, int to_height);
void resample(const float* from, int width, int height, int channels, int to_width, int to_height,
              const Resampling& how, float* to, void* scratch, cudaStream_t stream);

}  // namespace scumble::cuda

// The kernels of one instruction set, as a table of functions. A kernel does one task's share of an operation
// on one thread; who runs how many is the backend's business (backend.cpp).
//
// Tensors are channels-last with a border of one pixel all around, which every writer fills: zeros are then
// the padding of a 3x3 convolution, and its inner loop needs no bounds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scumble::cpu {

// A view of a tensor. `at` points to pixel (0, 0); pixel (-1, -1) is the border's corner.
struct Tensor {
  float* at = nullptr;
  int channels = 0;
  int height = 0;
  int width = 0;
  ptrdiff_t row() const { return static_cast<ptrdiff_t>(width + 2) * channels; }
  float* pixel(int y, int x) const { return at + y * row() + static_cast<ptrdiff_t>(x) * channels; }
};

// out = in * weights over taps (9: a 3x3 window; 1: the pixel itself), then
//   forward:  + bias, ReLU if relu
//   backward: + out if accumulate, then 0 where mask is not positive
// weights are packed per block of `block` output channels: [block][tap][input][block], zero where there is no
// output.
struct Product {
  Tensor in;
  Tensor out;
  const float* weights = nullptr;
  const float* bias = nullptr;  // padded to whole blocks
  const float* mask = nullptr;  // laid out as out, or null
  int taps = 9;
  bool relu = false;
  bool accumulate = false;
  // By Winograd's algorithm only: outputs a side of a tile, 4 or 6 (F(4x4, 3x3) or F(6x6, 3x3)), and whether
  // products are of bf16, summed in float32, for which tiles must be of 4.
  int tile = 4;
  bool fast = false;
};

struct Kernels {
  const char* name;
  int block;  // output channels per packed block
  bool bf16;  // products of bf16 are one instruction here; elsewhere the same sums take more than float32's
  bool large_tiles;  // F(6x6, 3x3) is faster here than F(4x4, 3x3)
  int run_tiles;     // most tiles that one task of a Winograd product should take

  // Rows [y0, y1) of output block `block_index`.
  void (*product)(const Product& p, int block_index, int y0, int y1);

  // The same over 3x3 taps by Winograd's algorithm: tiles [tile0, tile1) in row order, output blocks
  // [block0, block1). Scratch: winograd_scratch() floats for a run of so many tiles, aligned to a cache line.
  void (*winograd)(const Product& p, int tile0, int tile1, int block0, int block1, float* scratch);
  size_t (*winograd_scratch)(int tile, int inputs, int tiles);

  // The same with three outputs, those of the network's input. weights: [block][input][block], where output
  // tap * 3 + channel is what the input at that tap adds to that channel. Scratch: first_back_scratch()
  // floats.
  void (*first_back)(const Product& p, int y0, int y1, float* scratch);
  size_t (*first_back_scratch)(int width);

  // Adds F^T F over rows [y0, y1) of the features to sums (channels x channels): its rows [i0, i1), columns
  // of column block `block_index` (of `block` channels).
  void (*gram)(const Tensor& features, int block_index, int i0, int i1, int y0, int y1, double* sums);

  // The network's input from rows [y0, y1) of a picture: out[c] = picture[order[c]] * scale[c] + shift[c];
  // the border is zero or the nearest pixel.
  void (*input)(const float* picture, const Tensor& out, const int* order, const float* scale,
                const float* shift, bool replicate, int y0, int y1);
  // The picture's gradient from the input's, added to what is there; undoes input().
  void (*input_back)(const Tensor& gradient, float* picture, const int* order, const float* scale, int y0,
                     int y1);

  void (*relu)(const Tensor& in, const Tensor& out, int y0, int y1);
  // out (+)= in where `positive` > 0; then 0 where mask is not positive.
  void (*relu_back)(const Tensor& in, const float* positive, const Tensor& out, const float* mask,
                    bool accumulate, int y0, int y1);

  // kind: 0 max, 1 average, 2 l2. Rows of the pooled tensor.
  void (*pool)(int kind, const Tensor& in, const Tensor& out, int y0, int y1);
  // gradient: of the pooled tensor; in, out: as the pool's input. Rows [y0, y1) of the windows; the last
  // window row also clears what no window covers.
  void (*pool_back)(int kind, const Tensor& gradient, const Tensor& in, const Tensor& out, const float* mask,
                    bool accumulate, int y0, int y1);

  // Returns sum (in - target)^2 over rows [y0, y1); out (+)= scale * (in - target), masked.
  double (*content)(const Tensor& in, const float* target, const Tensor& out, const float* mask,
                    bool accumulate, float scale, int y0, int y1);

  // Returns sum (a - b)^2 over n floats; out = scale * (a - b).
  double (*difference)(const float* a, const float* b, float* out, float scale, size_t n);

  // Returns sum |dx| + |dy| of the differences that start in rows [y0, y1); gradient of those rows = weight *
  // its derivative.
  double (*tv)(const float* picture, int width, int height, float* gradient, float weight, int y0, int y1);

  double (*sum_abs)(const float* v, size_t n);
  // out[i * rights + j] += left[i] . right[j]
  void (*products)(const float* const* left, int lefts, const float* const* right, int rights, size_t n,
                   double* out);
  void (*combine)(float* to, const float* const* terms, const double* coefficients, int count, size_t n);
  // m, v: moments; step = learning rate / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t)
  void (*adam)(float* x, const float* gradient, float* m, float* v, double beta1, double beta2, float step,
               float correction, float epsilon, size_t n);

  // One row of a separable resampling: to[i] = sum over taps t of weights[t] * from[t][i].
  void (*blend_rows)(float* to, const float* const* from, const float* weights, int taps, size_t n);
};

// The best table this processor runs, or the one SCUMBLE_ISA names. Throws InvalidArgument for one it cannot
// run.
const Kernels& kernels();
// Those this processor runs, best first; ends with null.
const Kernels* const* available_kernels();

}  // namespace scumble::cpu

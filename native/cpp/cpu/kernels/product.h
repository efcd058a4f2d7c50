// Convolutions, their gradients, and products with a matrix at every pixel are one operation: a product over
// taps, done directly or by Winograd's algorithm.
#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Outputs a side of a tile of Winograd's algorithm: F(4x4, 3x3) and F(6x6, 3x3).
constexpr int kSmallTile = 4;
constexpr int kLargeTile = 6;

// out = in * weights over taps (9: a 3x3 window; 1: the pixel itself), then
//   forward:  + bias, ReLU if relu
//   backward: + out if accumulate, then 0 where mask is not positive
// weights are packed per block of Isa::block output channels: [block][tap][input][block], zero where there is
// no output.
struct Product {
  Tensor in;
  Tensor out;
  const float* weights = nullptr;
  const float* bias = nullptr;  // padded to whole blocks
  const float* mask = nullptr;  // laid out as out, or null
  int taps = 9;
  bool relu = false;
  bool accumulate = false;
  // By Winograd's algorithm only: the tile, and whether products are of bf16, summed in float32, for which
  // tiles must be small.
  int tile = kSmallTile;
  bool fast = false;
  // Also only then: the kernels as winograd_kernels() made them, all blocks' one after the other, or null: they
  // are transformed on the way. What comes out is the same.
  const float* transformed = nullptr;
};

// Rows [y0, y1) of output block `block_index`.
SCUMBLE_KERNEL(void, product, (const Product& p, int block_index, int y0, int y1));

// The same over 3x3 taps by Winograd's algorithm: tiles [tile0, tile1) in row order, output blocks [block0,
// block1). Scratch: winograd_scratch() floats for a run of so many tiles, aligned to a cache line.
SCUMBLE_KERNEL(void, winograd,
               (const Product& p, int tile0, int tile1, int block0, int block1, float* scratch));
SCUMBLE_KERNEL(size_t, winograd_scratch, (int tile, int inputs, int tiles));

// Transforms one block's kernels, of which `weights` are the first, for Product::transformed:
// winograd_kernels_size() floats.
SCUMBLE_KERNEL(void, winograd_kernels, (const float* weights, int inputs, int tile, bool fast, float* to));
SCUMBLE_KERNEL(size_t, winograd_kernels_size, (int inputs, int tile, bool fast));

// The same with three outputs, those of the network's input. weights: [block][input][block], where output
// tap * 3 + channel is what the input at that tap adds to that channel. Scratch: first_back_scratch() floats.
SCUMBLE_KERNEL(void, first_back, (const Product& p, int y0, int y1, float* scratch));
SCUMBLE_KERNEL(size_t, first_back_scratch, (int width));

}  // namespace scumble::cpu

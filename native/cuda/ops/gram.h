// What the kernels that make Gram matrices have in common with the one that finishes them: sums over a part
// of the positions lie in memory as splits x tiles x 64 x 64 floats, the tiles on and above the diagonal row
// by row.
#pragma once

#include <algorithm>

#include "kernels.h"

namespace scumble::cuda {

constexpr int kGramTile = 64;
constexpr int kGramRun = 512;             // positions whose sums are plain float32; then they are compensated
constexpr int kGramLeastPositions = 128;  // of a split

__host__ __device__ constexpr int gram_tiles_across(int channels) {
  return (padded(channels) + kGramTile - 1) / kGramTile;
}
__host__ __device__ constexpr int gram_tiles_of(int channels) {
  return gram_tiles_across(channels) * (gram_tiles_across(channels) + 1) / 2;
}

// Makes of the sums of so many splits what gram_difference() does.
void finish_difference(const void* sums, int splits, const Tensor& features, const GramDifference& difference,
                       cudaStream_t stream);
// How many splits gram_sums() makes of features of this size, whatever rows of them it is given.
int gram_splits(const Tensor& features, Arithmetic precision);

// Two sums that lie beside each other, on top of what is there if `add`.
__device__ inline void store_sums(float* to, float first, float second, bool add) {
  float2 both{first, second};
  if (add) {
    const float2 there = *reinterpret_cast<const float2*>(to);
    both.x += there.x;
    both.y += there.y;
  }
  *reinterpret_cast<float2*>(to) = both;
}

// Row and column of a tile, in tiles.
struct MatrixTile {
  int row;
  int column;
};
__device__ inline MatrixTile matrix_tile(int tile, int across) {
  int row = 0;
  while (tile >= across - row) tile -= across - row++;
  return {row, row + tile};
}
__device__ inline int tile_number(MatrixTile tile, int across) {
  return tile.row * across - tile.row * (tile.row - 1) / 2 + tile.column - tile.row;
}

}  // namespace scumble::cuda

// What the kernels that make Gram matrices have in common with the one that finishes them: sums over a part
// of the positions lie in scratch as splits x tiles x 64 x 64 floats, the tiles on and above the diagonal row
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

// Make of the sums of so many splits, in `scratch`, what gram() and gram_difference() do.
void finish_gram(const Tensor& features, int splits, float* out, const void* scratch, cudaStream_t stream);
void finish_difference(const Tensor& features, int splits, const StyleTerm& term, const Partials& partials,
                       const void* scratch, cudaStream_t stream);

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

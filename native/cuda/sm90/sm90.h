// The kernels for Hopper (compute capability 9.0), chosen at run time in place of those that run on every
// card.
#pragma once

#include "../ops/gram.h"
#include "../ops/operands.h"

namespace scumble::cuda {

// Whether they may be used on the current device: it can run them, this build has them, and nobody has
// switched them off (see kernel_set.h).
bool sm90_kernels();

// These queue the work, or return false where they cannot: the kernels of every card then take it.
constexpr int kTilesSm90 = 5;
constexpr int kBestTile = -1;
#ifdef SCUMBLE_SM90
// A product of nine taps or one, in bfloat16. Tests choose the tile.
bool launch_product_sm90(const Product& p, int taps, cudaStream_t stream, int tile = kBestTile);
// Sums for a Gram matrix of bfloat16 over so many splits of the positions (see gram.h), on top of what is there if
// `accumulate`.
bool launch_gram_sm90(const Tensor& features, int splits, bool accumulate, float* sums, cudaStream_t stream);
// Leaves sums for the Gram matrix where it is told (see gram.h), in as many splits as it returns; 0 where it
// cannot do it.
int launch_first_two_sm90(const FirstTwo& two, cudaStream_t stream);
#else
inline bool launch_product_sm90(const Product&, int, cudaStream_t, int = kBestTile) {
  return false;
}
inline bool launch_gram_sm90(const Tensor&, int, bool, float*, cudaStream_t) {
  return false;
}
inline int launch_first_two_sm90(const FirstTwo&, cudaStream_t) {
  return 0;
}
#endif

// How many splits it should make, on any card, or 0 where it does not take the channels: about 132
// blocks of tiles of 128 channels, one for each multiprocessor of an H100, or twice as many of 64.
constexpr int gram_splits_sm90(int channels, int positions) {
  if (channels % kGramTile != 0) return 0;
  const bool wide = channels % (2 * kGramTile) == 0;
  const int tiles = gram_tiles_of(wide ? channels / 2 : channels);
  const int wanted = std::max(1, (wide ? 132 : 264) / tiles);
  return std::min(wanted, (positions + kGramLeastPositions - 1) / kGramLeastPositions);
}

}  // namespace scumble::cuda

// The products of Hopper's matrix units, and which tile of them a layer takes.
#include <cmath>

#include "product_sm90.h"
#include "sm90.h"

namespace scumble::cuda {
namespace {

using Large = Sm90Tile<16, 128, 2, 2, 1, 6>;
using Narrow = Sm90Tile<16, 64, 1, 4, 2, 4>;  // 64 outputs
using Medium = Sm90Tile<8, 128, 2, 4, 1, 6>;  // where the first would leave processors idle
using Low = Sm90Tile<8, 64, 1, 4, 2, 4>;      // and where this would
using Small = Sm90Tile<4, 64, 1, 4, 2, 4>;    // small pictures

// Clocks of a multiprocessor, on paper: 2048 multiply-adds per clock, 64 outputs at nine tenths of it (wgmma
// then reads as much shared memory as there is); 24 bytes per clock from the L2 cache; 1500 clocks until the
// first bytes are there; results leave at 16 bytes per clock, behind the products of another block where two
// are resident.
template <int kTaps, typename Tile>
double clocks_sm90(const Product& p, int processors) {
  using Memory = typename Tile::template Memory<kTaps>;
  const double products = Tile::kRows * kColumnsSm90 * Tile::kOutputs * 64.0 * Memory::kSide / 2048 /
                          (Tile::kOutputs < 128 ? 0.9 : 1.0);
  const double bytes = Memory::kBox + Memory::kSide * Memory::kWeights / static_cast<double>(Tile::kCluster);
  const double steps = p.channels / 64 * Memory::kSide;
  const double inside = steps * std::max(products, bytes / 24);
  const double leaving = Tile::kRows * kColumnsSm90 * Tile::kOutputs * 2.0 / 16;
  const int blocks = Tile::units(p) * Tile::kCluster;
  if (Tile::kResident == 1) return 1500 + parts(blocks, processors) * (inside + leaving);
  return 1500 + parts(blocks, processors) * inside + leaving;
}

template <int kTaps, typename Tile>
bool launch_tile_sm90(const Product& p, cudaStream_t stream) {
  using Memory = typename Tile::template Memory<kTaps>;
  ProductSm90 q;
  const bool encoded =
      encode_tensor(q.in, p.in, p.channels, p.width, p.height, kColumnsSm90, Memory::kBoxRows) &&
      encode_tensor(q.weights, p.weights, p.channels, p.outputs, kTaps, Tile::kOutputs / Tile::kCluster, 1) &&
      encode_tensor(q.out, p.out, p.outputs, p.width, p.height, kColumnsSm90, 4);
  if (!encoded) return false;
  q.p = p;
  q.units = Tile::units(p);
  launch_clusters(product_sm90<kTaps, Tile>, q.units, true, Tile::kCluster, dim3(Tile::kThreads),
                  static_cast<size_t>(Memory::kBytes), stream, q);
  return true;
}

// Launches the tile, or the one that takes least time on paper; the first of equals.
template <int kTaps, typename... Tiles>
bool launch_one_of(const Product& p, int tile, cudaStream_t stream) {
  static_assert(sizeof...(Tiles) == kTilesSm90);
  const int processors = multiprocessors();
  double clocks[] = {(Tiles::takes(p) ? clocks_sm90<kTaps, Tiles>(p, processors) : INFINITY)...};
  if (tile == kBestTile) tile = static_cast<int>(std::min_element(clocks, clocks + kTilesSm90) - clocks);
  if (std::isinf(clocks[tile])) return false;
  bool queued = false;
  int i = 0;
  ((i++ == tile ? void(queued = launch_tile_sm90<kTaps, Tiles>(p, stream)) : void()), ...);
  return queued;
}

}  // namespace

bool launch_product_sm90(const Product& p, int taps, cudaStream_t stream, int tile) {
  return taps == 9 ? launch_one_of<9, Large, Narrow, Medium, Low, Small>(p, tile, stream)
                   : launch_one_of<1, Large, Narrow, Medium, Low, Small>(p, tile, stream);
}

}  // namespace scumble::cuda

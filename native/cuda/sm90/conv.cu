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

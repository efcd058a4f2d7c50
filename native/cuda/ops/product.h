// A 3x3 convolution, its gradient and the gradient of a Gram matrix are one operation: pixels x (taps *
// channels) times (taps * channels) x outputs, with nine taps or one. This is what its kernels have in
// common: the operands, how weights lie, and the choice of a tile. product_mma.h makes it on the matrix
// units, product_simt.h in plain float32.
#pragma once

#include <climits>

#include "../ptx/ptx.h"
#include "elements.h"
#include "kernels.h"
#include "operands.h"

namespace scumble::cuda {

// Weights are made up with zeros to whole groups of channels, the k of one step of the main loop: 64 bytes
// for the matrix units, four floats for the plain kernel. For the matrix units they lie as taps x outputs x
// channels (rows of k, as ldmatrix and Hopper's copy engine take them); for the plain kernel as groups x taps
// x channels x outputs (a thread takes four outputs of a channel).
constexpr int group_channels(Arithmetic precision) {
  return precision == Arithmetic::float32 ? 4 : 64 / static_cast<int>(element_bytes(precision));
}
constexpr int groups_of(int channels, Arithmetic precision) {
  return (padded(channels) + group_channels(precision) - 1) / group_channels(precision);
}
constexpr size_t packed_elements(int channels, int outputs, int taps, Arithmetic precision) {
  return static_cast<size_t>(groups_of(channels, precision) * group_channels(precision)) *
         static_cast<size_t>(taps) * static_cast<size_t>(padded(outputs));
}
// Where a weight lies; `channels` and `outputs` are counts, as packed_elements() has them.
constexpr size_t packed_index(int channel, int tap, int output, int channels, int taps, int outputs,
                              Arithmetic precision) {
  const int group = group_channels(precision);
  const size_t across = static_cast<size_t>(padded(outputs));
  if (precision == Arithmetic::float32) {
    const size_t of_tap = static_cast<size_t>(channel / group * taps + tap);
    return (of_tap * static_cast<size_t>(group) + static_cast<size_t>(channel % group)) * across +
           static_cast<size_t>(output);
  }
  const size_t row = static_cast<size_t>(groups_of(channels, precision) * group);
  return (static_cast<size_t>(tap) * across + static_cast<size_t>(output)) * row +
         static_cast<size_t>(channel);
}

// How a kernel cuts the output: rows x columns of pixels times outputs per block of threads. `efficiency` is
// the part of the arithmetic rate that a processor full of such blocks should reach.
struct TileShape {
  int rows;
  int columns;
  int outputs;
  double efficiency;
};

inline int parts(int size, int part) {
  return (size + part - 1) / part;
}

inline size_t blocks_of(const Product& p, const TileShape& tile) {
  return static_cast<size_t>(parts(p.height, tile.rows)) * static_cast<size_t>(parts(p.width, tile.columns)) *
         static_cast<size_t>(parts(p.outputs, tile.outputs));
}

// The busiest multiprocessor takes ceil(blocks / multiprocessors) blocks, and they decide how long the
// product takes. Every output is summed in the same order in every tile, so the choice changes no result.
inline double tile_time(const Product& p, const TileShape& tile, int multiprocessors) {
  const size_t sms = static_cast<size_t>(multiprocessors);
  const size_t most = (blocks_of(p, tile) + sms - 1) / sms;
  return static_cast<double>(most) * tile.rows * tile.columns * tile.outputs / tile.efficiency;
}

inline int multiprocessors() {
  int device = 0;
  int count = 1;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
  return count;
}

// Calls use() with the tile of the list that takes least time; the first of equals.
template <typename... Tiles, typename Use>
void with_best_tile(const Product& p, const Use& use) {
  const int sms = multiprocessors();
  const double times[] = {tile_time(p, Tiles::kShape, sms)...};
  size_t best = 0;
  for (size_t i = 1; i < sizeof...(Tiles); ++i) {
    if (times[i] < times[best]) best = i;
  }
  size_t i = 0;
  ((i++ == best ? use(Tiles{}) : void()), ...);
}

// Which tile a block of threads has. Blocks of outputs are next to each other, so that those that run at the
// same time read few pixels and all of a layer's weights: both stay in the L2 cache.
struct TileOrigin {
  int y;
  int x;
  int output;
};
template <typename Tile>
__device__ TileOrigin origin_of_block(const Product& p) {
  constexpr TileShape tile = Tile::kShape;
  const unsigned across = static_cast<unsigned>((p.outputs + tile.outputs - 1) / tile.outputs);
  const unsigned columns = static_cast<unsigned>((p.width + tile.columns - 1) / tile.columns);
  const unsigned pixels = blockIdx.x / across;
  return {static_cast<int>(pixels / columns) * tile.rows, static_cast<int>(pixels % columns) * tile.columns,
          static_cast<int>(blockIdx.x % across) * tile.outputs};
}

// Sixteen bytes to shared memory, or zeros, for kernels that also run on cards before sm_80: asynchronous
// where that is possible, else at once.
__device__ __forceinline__ void copy_or_zero(uint32_t to, const void* from, bool inside) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  const uint4 value = inside ? *static_cast<const uint4*>(from) : uint4{0, 0, 0, 0};
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(value.x), "r"(value.y), "r"(value.z),
               "r"(value.w)
               : "memory");
#else
  cp_async(to, from, inside ? 16 : 0);
#endif
}
__device__ __forceinline__ void commit_copies() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  cp_async_commit();
#endif
}
template <int kLeft>
__device__ __forceinline__ void wait_for_copies() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  cp_async_wait<kLeft>();
#endif
}

// What a sum becomes: + bias and ReLU of a forward product, + what is there and the mask of a gradient. A
// ReLU here keeps a NaN, so that a run that went wrong is noticed.
template <typename E>
__device__ inline void finish(const Product& p, size_t at, int output, Vec<E> sum) {
  if (p.bias) {
#pragma unroll
    for (int i = 0; i < kLanes<E>; i += 4) {
      const Vec<float> bias = load(p.bias + output + i);
#pragma unroll
      for (int k = 0; k < 4; ++k) sum.at[i + k] += bias.at[k];
    }
  }
  if (p.relu) {
#pragma unroll
    for (float& v : sum.at) v = v < 0 ? 0 : v;
  }
  store_gradient(static_cast<E*>(p.out) + at, sum, p.accumulate,
                 p.mask ? static_cast<const E*>(p.mask) + at : nullptr);
}

}  // namespace scumble::cuda

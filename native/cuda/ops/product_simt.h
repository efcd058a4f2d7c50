// A product in plain float32, for every card. Each output is one sum of exact products' roundings in a fixed
// order: over groups of four channels, the taps, the channels of the group.
//
// A block of threads makes kRows x 16 pixels times kOutputs outputs, a warp 4 x 8 pixels times 8 *
// kOutputsOfThread, a thread 8 pixels of a row times kOutputsOfThread. Shared memory holds two stages, each
// kGroups groups of four channels: the tile's pixels with a border of one (16 bytes per pixel and group), and
// the weights of all taps. For three taps of a row a thread reads ten pixels, not 24; per 16 bytes read from
// shared memory it makes 22 multiply-adds (17 with four outputs), where a multiprocessor needs 16 to keep its
// 128 units busy, less what lanes share.
//
// Bank conflicts: in units of 16 bytes, modulo the eight that the banks hold, a warp's four rows of pixels
// are 18 pixels apart, which is 0, 2, 4, 6, and its eight lanes of outputs read eight neighbours.
//
// On sm_75 the copies are not asynchronous, and two stages of the widest tile leave room for one block; it
// has the 64 KB.
#pragma once

#include "product.h"

namespace scumble::cuda {

template <int kWarpRows_, int kWarpsN_, int kOutputsOfThread_, int kResident_, int kPercent>
struct SimtTile {
  static constexpr int kWarpRows = kWarpRows_;  // of four rows of pixels
  static constexpr int kWarpsN = kWarpsN_;
  static constexpr int kOutputsOfThread = kOutputsOfThread_;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  // Shared memory has room for no more, and registers may as well be used.
  static constexpr int kResident = kResident_ / 2;
#else
  static constexpr int kResident = kResident_;
#endif
  static constexpr int kOutputsOfWarp = 8 * kOutputsOfThread;
  static constexpr int kOutputs = kWarpsN * kOutputsOfWarp;
  static constexpr int kThreads = 32 * kWarpRows * 2 * kWarpsN;
  static constexpr TileShape kShape = {4 * kWarpRows, 16, kOutputs, kPercent / 100.0};

  template <int kTaps>
  struct Memory {
    static constexpr int kHalo = kTaps == 9 ? 1 : 0;
    static constexpr int kGroups = kTaps == 9 ? 1 : 4;
    static constexpr int kPitch = 18;  // pixels
    static constexpr int kPatchPixels = (4 * kWarpRows + 2 * kHalo) * kPitch;
    static constexpr int kPatch = kGroups * kPatchPixels * 16;  // bytes
    static constexpr int kWeightRows = kGroups * kTaps * 4;     // of kOutputs floats
    static constexpr int kStage = kPatch + kWeightRows * kOutputs * 4;
    static constexpr int kBytes = 2 * kStage;
    static_assert(kBytes <= 64 * 1024, "sm_75 has no more");
  };
};

template <int kTaps, typename Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kResident) product_simt(const Product p) {
  using Memory = typename Tile::template Memory<kTaps>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kOutputs = Tile::kOutputs;
  constexpr int kSpan = kTaps == 9 ? 3 : 1;  // taps in a row, and rows of them
  constexpr int kFours = Tile::kOutputsOfThread / 4;

  unsigned char* const memory = shared_memory<unsigned char>();
  const uint32_t address = shared_address(memory);
  const int thread_index = static_cast<int>(threadIdx.x);
  const int lane = thread_index & 31;
  const int warp = thread_index / 32;
  const int row = warp % Tile::kWarpRows * 4 + (lane >> 3);
  const int column = warp / Tile::kWarpRows % 2 * 8;
  const int output =
      warp / (2 * Tile::kWarpRows) * Tile::kOutputsOfWarp + (lane & 7) * 4;  // and 32 further on
  const TileOrigin origin = origin_of_block<Tile>(p);
  const int stages = (p.channels / 4 + Memory::kGroups - 1) / Memory::kGroups;
  const auto* const in = static_cast<const float*>(p.in);
  const auto* weights = static_cast<const float*>(p.weights) + origin.output;
  if (kTaps == 1 && p.rows_of_weights > 0) {
    weights += static_cast<size_t>(origin.y / p.rows_of_weights) * static_cast<size_t>(p.channels) *
               static_cast<size_t>(p.outputs);
  }

  const auto load_stage = [&](int stage) {
    const uint32_t to = address + static_cast<uint32_t>((stage & 1) * Memory::kStage);
#pragma unroll 1
    for (int i = thread_index; i < Memory::kGroups * Memory::kPatchPixels; i += kThreads) {
      const int pixel = i % Memory::kPatchPixels;
      const int group = stage * Memory::kGroups + i / Memory::kPatchPixels;
      const int y = origin.y + pixel / Memory::kPitch - Memory::kHalo;
      const int x = origin.x + pixel % Memory::kPitch - Memory::kHalo;
      const bool inside = y >= 0 && y < p.height && x >= 0 && x < p.width && group * 4 < p.channels;
      const float* from = in;
      if (inside)
        from += pixel_index(y, x, p.width) * static_cast<size_t>(p.channels) + static_cast<size_t>(group * 4);
      copy_or_zero(to + static_cast<uint32_t>(i * 16), from, inside);
    }
    const int first = stage * Memory::kWeightRows;
    const int rows = p.channels * kTaps;
#pragma unroll 1
    for (int i = thread_index; i < Memory::kWeightRows * kOutputs / 4; i += kThreads) {
      const int n = i % (kOutputs / 4) * 4;
      const int k = first + i / (kOutputs / 4);
      const bool inside = origin.output + n < p.outputs && k < rows;
      const float* from = weights;
      if (inside) from += static_cast<ptrdiff_t>(k) * p.outputs + n;
      copy_or_zero(to + static_cast<uint32_t>(Memory::kPatch + i * 16), from, inside);
    }
  };

  float sums[8][Tile::kOutputsOfThread] = {};
  load_stage(0);
  commit_copies();
#pragma unroll 1
  for (int stage = 0; stage < stages; ++stage) {
    wait_for_copies<0>();
    __syncthreads();
    if (stage + 1 < stages) load_stage(stage + 1);
    commit_copies();

    const unsigned char* const at = memory + (stage & 1) * Memory::kStage;
#pragma unroll 1
    for (int group = 0; group < Memory::kGroups; ++group) {
#pragma unroll 1
      for (int dy = 0; dy < kSpan; ++dy) {
        const float* const pixels = reinterpret_cast<const float*>(at) +
                                    (group * Memory::kPatchPixels + (row + dy) * Memory::kPitch + column) * 4;
        const float* const rows = reinterpret_cast<const float*>(at + Memory::kPatch) +
                                  (group * kTaps + dy * kSpan) * 4 * kOutputs + output;
        Vec<float> a[7 + kSpan];
#pragma unroll
        for (int i = 0; i < 7 + kSpan; ++i) a[i] = load(pixels + i * 4);
#pragma unroll
        for (int dx = 0; dx < kSpan; ++dx) {
#pragma unroll
          for (int c = 0; c < 4; ++c) {
#pragma unroll
            for (int four = 0; four < kFours; ++four) {
              const Vec<float> b = load(rows + (dx * 4 + c) * kOutputs + four * 32);
#pragma unroll
              for (int i = 0; i < 8; ++i) {
#pragma unroll
                for (int n = 0; n < 4; ++n) sums[i][four * 4 + n] += a[i + dx].at[c] * b.at[n];
              }
            }
          }
        }
      }
    }
  }

  const int y = origin.y + row;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int x = origin.x + column + i;
    const size_t pixel = pixel_index(y, x, p.width) * static_cast<size_t>(p.outputs);
#pragma unroll
    for (int four = 0; four < kFours; ++four) {
      const int n = origin.output + output + four * 32;
      if (y < p.height && x < p.width && n < p.outputs) {
        const float* const sum = &sums[i][four * 4];
        finish<float>(p, pixel + static_cast<size_t>(n), n, Vec<float>{{sum[0], sum[1], sum[2], sum[3]}});
      }
    }
  }
}

// Efficiency on paper: how near a thread's multiply-adds per read are to what the units need, and the warps
// there are to hide latencies.
template <int kTaps>
void launch_product_simt(const Product& p, cudaStream_t stream) {
  with_best_tile<SimtTile<2, 2, 8, 2, 100>,  // 8 x 16 pixels, 128 outputs
                 SimtTile<2, 1, 8, 4, 95>,   // 64 outputs
                 SimtTile<1, 2, 4, 4, 80>,   // 4 x 16 pixels, 64 outputs: small pictures
                 SimtTile<2, 1, 4, 4, 75>>(  // 32 outputs
      p, [&](auto tile) {
        using Tile = decltype(tile);
        launch(product_simt<kTaps, Tile>, dim3(static_cast<unsigned>(blocks_of(p, Tile::kShape))),
               dim3(Tile::kThreads), static_cast<size_t>(Tile::template Memory<kTaps>::kBytes), stream, p);
      });
}

}  // namespace scumble::cuda

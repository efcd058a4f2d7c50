// The network's first two convolutions in one pass on Hopper, in bfloat16, where they are 3 to 64 and 64 to
// 64 channels, as VGG's are; with the first one's Gram matrix and the second one's pool, where they are
// wanted.
//
// Apart they are bound three times: the first by float32 arithmetic and by writing, its Gram matrix by
// reading, the second by shared memory, from which wgmma of 64 outputs takes as much as it gives. Here the
// first one's result is written, because its gradient's mask wants it, but not read again, and its arithmetic
// hides behind the second's products.
//
// A block takes 8 x 16 pixels at a time. Two warpgroups make the first convolution's result for these and a
// border of one, as conv_first.cu does and with the same numbers; they store it, and lay it down three times,
// once for each column of taps: moved by one pixel, because wgmma wants rows that begin where an atom of the
// swizzle does. There are two such stages, so that a third warpgroup multiplies what was made before. It has
// the second one's weights in its registers, 24 of 36 fragments of them, and the others in shared memory; so
// outputs are the rows of its products and pixels the columns, and 75 bytes are read from shared memory per
// clock of the matrix units, where pixels as rows would take all of its 128. The first warpgroup also
// multiplies the stage with itself, as gram.cu beside this file does: float32 over kGramRun positions, then
// compensated, in shared memory; every block gives one split of the sums.
//
// Clocks of a multiprocessor per tile, on paper: matrix units 2304 + 256 (Gram); float32 arithmetic 2600;
// shared memory at 128 bytes per clock 1344 (products) + 260 (weights and pixels of the first) + 540 (three
// copies) + 256 (Gram) + 500 (leaving) = 2900. At 512 x 512, 16 tiles for the slowest multiprocessor, that is
// about 30 us, against 14 (the first; 8 of memory) + 23 (the second) + 6 (Gram) = 43 apart.
#include <algorithm>

#include "../ops/conv_first.h"
#include "../ops/gram.h"
#include "../ops/launch.h"
#include "../ops/sums.h"
#include "product_sm90.h"
#include "sm90.h"

namespace scumble::cuda {
namespace {

constexpr int kRows = 8;
constexpr int kColumns = 16;
constexpr int kOutputs = 64;
constexpr int kMiddleRows = kRows + 2;  // of the first one's result
constexpr int kMiddleColumns = kColumns + 2;
constexpr int kPatchRows = kRows + 4;  // of the network's input
constexpr int kPatchColumns = kColumns + 4;
constexpr int kPixels = 6;  // of a row, that a thread makes at a time, for eight outputs

constexpr int kMakers = 256;
constexpr int kBlockThreads = kMakers + 128;
static_assert(kMiddleRows * (kMiddleColumns / kPixels) * (kOutputs / 8) <= kMakers);
static_assert(kPatchRows * kPatchColumns <= kMakers);
constexpr int kMakerRegisters = 152;
constexpr int kMultiplierRegisters = 200;
constexpr int kTapsInRegisters = 6;  // of the second one's weights; the others lie in shared memory

constexpr uint32_t kRow = kColumns * 128;  // bytes
constexpr uint32_t kCopy = kMiddleRows * kRow;
constexpr uint32_t kStage = 3 * kCopy;
constexpr int kStages = 2;
constexpr uint32_t kStaging = kStages * kStage;  // where it begins
constexpr uint32_t kLastTaps = kStaging + kRows * kRow;
constexpr uint32_t kPatch = kLastTaps + (9 - kTapsInRegisters) * kOutputs * 128;
constexpr uint32_t kWeights = kPatch + kPatchRows * kPatchColumns * 16;
constexpr uint32_t kSums = kWeights + 9 * kFirstChannels * kOutputs * 4;
constexpr uint32_t kLost = kSums + kGramTile * kGramTile * 4;
constexpr uint32_t kFull = kLost + kGramTile * kGramTile * 4;
constexpr uint32_t kEmpty = kFull + kStages * 8;
constexpr size_t kBytes = kEmpty + kStages * 8;
static_assert(kBytes <= kMostSharedSm90);

constexpr int kTilesOfRun = kGramRun / (kRows * kColumns);

struct Parameters {
  CUtensorMap middle;
  CUtensorMap out;
  Convolution first;
  Product second;
  float* partials;  // of the Gram matrix, or null
  int columns;      // tiles
  int tiles;
};

__device__ __forceinline__ TileOrigin origin_of_tile(const Parameters& q, int tile) {
  return {tile / q.columns * kRows, tile % q.columns * kColumns, 0};
}

// The products of a stage's 128 positions with themselves, without the border: 64 x 64 sums, on top of those
// that are there if `add`.
__device__ __forceinline__ void multiply_gram(uint32_t stage, bool add, float (&run)[kGramTile / 2]) {
  const uint32_t inside = stage + kCopy + kRow;
  wgmma_fence();
#pragma unroll
  for (uint32_t k = 0; k < kRows; ++k) {
    const uint64_t operand = transposed(inside + k * kRow, 0);
    multiply<true, true>(run, operand, operand, add || k > 0);
  }
  wgmma_commit();
  wgmma_wait<0>();
  hold(run);
}

__device__ __forceinline__ void fold_shared(float (&run)[kGramTile / 2], float* mine) {
  constexpr int kLostFurther = kGramTile * kGramTile;
  float sums[kGramTile / 2];
  float lost[kGramTile / 2];
#pragma unroll
  for (int i = 0; i < kGramTile / 2; ++i) {
    sums[i] = mine[i * 128];
    lost[i] = mine[i * 128 + kLostFurther];
  }
  fold(run, sums, lost);
#pragma unroll
  for (int i = 0; i < kGramTile / 2; ++i) {
    mine[i * 128] = sums[i];
    mine[i * 128 + kLostFurther] = lost[i];
  }
}

__device__ __forceinline__ void make(const Parameters& q, uint32_t memory) {
  unsigned char* const shared = shared_memory<unsigned char>();
  float* const patch = reinterpret_cast<float*>(shared + kPatch);
  const float* const weights = reinterpret_cast<const float*>(shared + kWeights);
  const int index = static_cast<int>(threadIdx.x);
  float* const sums_of_gram = reinterpret_cast<float*>(shared + kSums) + index;
  const bool sums_gram = q.partials != nullptr && index < 128;
  if (sums_gram) {
    for (int i = 0; i < kGramTile; ++i) sums_of_gram[i * 128] = 0;  // and what is lost
  }

  const int patch_y = index / kPatchColumns - 2;
  const int patch_x = index % kPatchColumns - 2;
  const int group = index % (kOutputs / 8);
  const int column = index / (kOutputs / 8) % (kMiddleColumns / kPixels) * kPixels;
  const int row = index / (kOutputs / 8) / (kMiddleColumns / kPixels);
  const auto fetch = [&](int tile) {
    const TileOrigin origin = origin_of_tile(q, tile);
    return tile < q.tiles ? first_pixel<Bf16>(q.first, origin.y + patch_y, origin.x + patch_x) : Vec<float>{};
  };

  RingStage<kStages> stage;
  Vec<float> pixel = fetch(static_cast<int>(blockIdx.x));
  float run[kGramTile / 2];
  int tiles_in_run = 0;
#pragma unroll 1
  for (int tile = static_cast<int>(blockIdx.x); tile < q.tiles; tile += static_cast<int>(gridDim.x)) {
    if (index < kPatchRows * kPatchColumns) store(patch + index * 4, pixel);
    named_barrier(1, kMakers);
    pixel = fetch(tile + static_cast<int>(gridDim.x));

    const TileOrigin origin = origin_of_tile(q, tile);
    float sums[kPixels][8];
    if (row < kMiddleRows) {
#pragma unroll
      for (int n = 0; n < 8; ++n) {
        const float bias = q.first.bias[group * 8 + n];
#pragma unroll
        for (int i = 0; i < kPixels; ++i) sums[i][n] = bias;
      }
      add_first<kPixels, kPatchColumns, kOutputs>(patch + (row * kPatchColumns + column) * 4,
                                                  weights + group * 8, sums);
    }

    // The stage is free once it has been multiplied, here and by the third warpgroup, and stored.
    barrier_wait(memory + kEmpty + stage.stage * 8, stage.parity ^ 1);
    if (index == 0) wait_stores_read();
    named_barrier(1, kMakers);
    const uint32_t to = memory + stage.stage * kStage;
    if (row < kMiddleRows) {
      const int y = origin.y - 1 + row;
#pragma unroll
      for (int i = 0; i < kPixels; ++i) {
        const int x = origin.x - 1 + column + i;
        const bool inside = y >= 0 && y < q.second.height && x >= 0 && x < q.second.width;
        uint4 eight{};
        if (inside) {
#pragma unroll
          for (int n = 0; n < 8; ++n) sums[i][n] = sums[i][n] < 0 ? 0 : sums[i][n];  // keeps a NaN
          eight = uint4{to_bf16(sums[i][0], sums[i][1]), to_bf16(sums[i][2], sums[i][3]),
                        to_bf16(sums[i][4], sums[i][5]), to_bf16(sums[i][6], sums[i][7])};
        }
#pragma unroll
        for (int moved = 0; moved < 3; ++moved) {
          const int at = column + i - moved;
          if (at < 0 || at >= kColumns) continue;
          store_shared(to + static_cast<uint32_t>(moved) * kCopy + static_cast<uint32_t>(row) * kRow +
                           static_cast<uint32_t>(at * 128 + ((group ^ at) & 7) * 16),
                       eight);
        }
      }
    }
    fence_async();
    named_barrier(1, kMakers);
    if (index == 0) {
      barrier_arrive(memory + kFull + stage.stage * 8);
      store_tensor(q.middle, 0, origin.x, origin.y, to + kCopy + kRow);
      commit_stores();
    }
    if (sums_gram) {
      multiply_gram(to, tiles_in_run > 0, run);
      if (++tiles_in_run == kTilesOfRun) {
        fold_shared(run, sums_of_gram);
        tiles_in_run = 0;
      }
    }
    stage.next();
  }
  if (index == 0) wait_stores_read();
  if (!sums_gram) return;
  if (tiles_in_run > 0) fold_shared(run, sums_of_gram);
  const int lane = index % 32;
  float* const to = q.partials + static_cast<size_t>(blockIdx.x) * kGramTile * kGramTile;
#pragma unroll
  for (int i = 0; i < kGramTile / 2; i += 2) {
    const int gram_row = index / 32 * 16 + lane / 4 + i / 2 % 2 * 8;
    const int gram_column = i / 4 * 8 + lane % 4 * 2;
    *reinterpret_cast<float2*>(to + gram_row * kGramTile + gram_column) =
        float2{sums_of_gram[i * 128], sums_of_gram[(i + 1) * 128]};
  }
}

__device__ __forceinline__ void multiply_second(const Parameters& q, uint32_t memory) {
  const Product& p = q.second;
  const int index = static_cast<int>(threadIdx.x) - kMakers;
  const int lane = index % 32;
  const int output = index / 32 * 16 + lane / 4;  // and the one eight further

  uint32_t weights[kTapsInRegisters][4][4];
#pragma unroll
  for (int tap = 0; tap < kTapsInRegisters; ++tap) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = tap * kOutputs + output + i % 2 * 8;
        const int channel = k * 16 + i / 2 * 8 + lane % 4 * 2;
        weights[tap][k][i] =
            *reinterpret_cast<const uint32_t*>(static_cast<const Bf16*>(p.weights) + row * 64 + channel);
      }
    }
  }
  const float bias[2] = {p.bias[output], p.bias[output + 8]};

  RingStage<kStages> stage;
#pragma unroll 1
  for (int tile = static_cast<int>(blockIdx.x); tile < q.tiles; tile += static_cast<int>(gridDim.x)) {
    float sums[kRows * kColumns / 2];
    barrier_wait(memory + kFull + stage.stage * 8, stage.parity);
    const uint32_t from = memory + stage.stage * kStage;
    wgmma_fence();
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) {
#pragma unroll
      for (uint32_t k = 0; k < 4; ++k) {
        const uint64_t pixels = k_major(from + static_cast<uint32_t>(tap % 3) * kCopy +
                                        static_cast<uint32_t>(tap / 3) * kRow + k * 32);
        if (tap < kTapsInRegisters) {
          multiply(sums, weights[tap][k], pixels, tap > 0 || k > 0);
        } else {
          const uint32_t there =
              memory + kLastTaps + static_cast<uint32_t>(tap - kTapsInRegisters) * kOutputs * 128;
          multiply<false, false>(sums, k_major(there + k * 32), pixels, true);
        }
      }
    }
    wgmma_commit();
    wgmma_wait<0>();
    hold(sums);
    if (lane == 0) barrier_arrive(memory + kEmpty + stage.stage * 8);
    stage.next();

    const TileOrigin origin = origin_of_tile(q, tile);
    if (index == 0) wait_stores_read();
    named_barrier(2, 128);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int next = 0; next < 2; ++next) {
        const int pixel = lane % 4 * 2 + next;  // and every eighth from there
        const int at = output + half * 8;
        const uint32_t to =
            memory + kStaging + static_cast<uint32_t>(pixel * 128 + ((at / 8 ^ pixel) & 7) * 16 + at % 8 * 2);
#pragma unroll
        for (int j = 0; j < kRows * kColumns / 8; ++j) {
          float sum = sums[j * 4 + half * 2 + next] + bias[half];
          sum = sum < 0 ? 0 : sum;  // a NaN stays one
          store_shared(to + static_cast<uint32_t>(j) * 1024, static_cast<uint16_t>(to_bf16(sum, 0)));
        }
      }
    }
    fence_async();
    named_barrier(2, 128);
    if (p.pooled) {
      with_kind(p.kind, [&](auto kind) {
#pragma unroll 1
        for (int half = 0; half < 2; ++half) {
          pool_block<decltype(kind)::value, kOutputs>(p, {origin.y + half * 4, origin.x, 0},
                                                      kStaging + static_cast<uint32_t>(half) * 4 * kRow);
        }
      });
    }
    if (index == 0) {
      store_tensor(q.out, 0, origin.x, origin.y, memory + kStaging);
      commit_stores();
    }
  }
  if (index == 0) wait_stores_read();
}

__global__ void __launch_bounds__(kBlockThreads, 1)
    conv_first_two_sm90(const __grid_constant__ Parameters q) {
  float* const weights = reinterpret_cast<float*>(shared_memory<unsigned char>() + kWeights);
  const uint32_t memory = shared_address(shared_memory<unsigned char>());
  const int index = static_cast<int>(threadIdx.x);
  for (int i = index; i < 9 * kFirstChannels * kOutputs; i += kBlockThreads) {
    weights[i] = static_cast<const float*>(q.first.weights)[i];
  }
  constexpr int kFirst = kTapsInRegisters * kOutputs * 8;  // vectors of eight channels
  for (int i = kFirst + index; i < 9 * kOutputs * 8; i += kBlockThreads) {
    const int row = i / 8 - kTapsInRegisters * kOutputs;
    store_shared(memory + kLastTaps + static_cast<uint32_t>(row * 128 + ((i ^ row) & 7) * 16),
                 static_cast<const uint4*>(q.second.weights)[i]);
  }
  fence_async();
  if (index == 0) {
    for (uint32_t i = 0; i < kStages; ++i) {
      barrier_init(memory + kFull + i * 8, 1);
      barrier_init(memory + kEmpty + i * 8, 4);
    }
    fence_barrier_init();
  }
  __syncthreads();
  if (index < kMakers) {
    give_registers<kMakerRegisters>();
    make(q, memory);
  } else {
    take_registers<kMultiplierRegisters>();
    multiply_second(q, memory);
  }
}

}  // namespace

int launch_first_two_sm90(const FirstTwo& two, cudaStream_t stream) {
  const Tensor& middle = two.first.out;
  const Tensor& out = two.second.out;
  if (!two.first.first || middle.channels != kOutputs || out.channels != kOutputs) {
    return 0;
  }
  if (!two.first.relu || !two.second.relu) return 0;
  Parameters q;
  if (!encode_tensor(q.middle, middle.at, kOutputs, middle.width, middle.height, kColumns, kRows) ||
      !encode_tensor(q.out, out.at, kOutputs, out.width, out.height, kColumns, kRows)) {
    return 0;
  }
  q.first = two.first;
  q.second = product_of(two.second);
  q.second.pooled = two.pooled.at;
  q.second.pooled_height = two.pooled.height;
  q.second.pooled_width = two.pooled.width;
  q.second.kind = two.kind;
  q.partials = static_cast<float*>(two.sums);
  q.columns = parts(middle.width, kColumns);
  q.tiles = parts(middle.height, kRows) * q.columns;
  int blocks = std::min(q.tiles, multiprocessors());
  if (q.partials) blocks = std::min(blocks, gram_splits_sm90(kOutputs, middle.height * middle.width));
  launch(conv_first_two_sm90, dim3(static_cast<unsigned>(blocks)), dim3(kBlockThreads), kBytes, stream, q);
  return blocks;
}

}  // namespace scumble::cuda

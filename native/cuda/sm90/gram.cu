// Gram matrices on Hopper's matrix units, in bfloat16: what gram.cu makes, where channels are a multiple
// of 64.
//
// A block of threads makes a tile of kTile x kTile channels, a warpgroup for every 64 rows, over one split of
// the positions; another warpgroup loads, and gives its registers to them. A step is 64 positions in rows of
// 128 bytes, 64 channels, as the copy engine swizzles them; both operands of the product have their k, the
// positions, in the rows, which wgmma takes as transposed. Positions beyond the last are zero.
//
// Sums are as exact as gram.cu's: float32 over kGramRun positions, then compensated.
//
// Tiles of 128 read 512 bytes for 16384 multiply-adds, 64 bytes per clock at the matrix units' rate; an L2
// cache of 24 bytes per clock and multiprocessor bounds that at 37 %, tiles of 64 (a layer of 64 channels,
// which is one) at 38 % too, because rows and columns are the same bytes there.
#include "../ops/gram.h"
#include "../ops/launch.h"
#include "../ops/product.h"
#include "../ops/sums.h"
#include "../ptx/ptx_sm90.h"
#include "sm90.h"
#include "tensor_map.h"

namespace scumble::cuda {
namespace {

constexpr int kStep = 64;                 // positions
constexpr uint32_t kBox = kStep * 128;    // bytes of 64 channels
constexpr int kSteps = kGramRun / kStep;  // of a run
constexpr int kStages = 6;

template <int kTile>
struct Shape {
  static constexpr int kMultipliers = kTile / 64;  // warpgroups
  static constexpr int kThreads = 128 * (1 + kMultipliers);
  static constexpr int kResident = kTile == 64 ? 2 : 1;
  static constexpr uint32_t kOperand = kMultipliers * kBox;
  static constexpr uint32_t kStageBytes = 2 * kOperand;
  static constexpr size_t kBytes = kStages * kStageBytes + 2 * kStages * 8;
  // Of 168 and 128 that threads have at the start.
  static constexpr int kLoaderRegisters = 40;
  static constexpr int kMultiplierRegisters = kTile == 64 ? 216 : 232;
};

template <int kTile>
__global__ void __launch_bounds__(Shape<kTile>::kThreads, Shape<kTile>::kResident)
    gram_tiles_sm90(const __grid_constant__ CUtensorMap features, int channels, int positions,
                    int positions_of_split, bool accumulate, float* partials) {
  using S = Shape<kTile>;
  const uint32_t memory = shared_address(shared_memory<unsigned char>());
  const uint32_t full = memory + kStages * S::kStageBytes;
  const uint32_t empty = full + kStages * 8;
  const int thread_index = static_cast<int>(threadIdx.x);
  const MatrixTile block = matrix_tile(static_cast<int>(blockIdx.x), channels / kTile);
  const bool diagonal = block.row == block.column;
  const int begin = min(positions, static_cast<int>(blockIdx.y) * positions_of_split);
  const int end = min(positions, begin + positions_of_split);
  const int steps = (end - begin + kStep - 1) / kStep;

  if (thread_index == 0) {
    for (uint32_t i = 0; i < kStages; ++i) {
      barrier_init(full + i * 8, 1);
      barrier_init(empty + i * 8, S::kMultipliers * 4);
    }
    fence_barrier_init();
  }
  __syncthreads();

  RingStage<kStages> stage;
  if (thread_index < 128) {
    give_registers<S::kLoaderRegisters>();
    if (thread_index == 0) {
      for (int step = 0; step < steps; ++step) {
        const uint32_t to = memory + stage.stage * S::kStageBytes;
        const uint32_t barrier = full + stage.stage * 8;
        barrier_wait(empty + stage.stage * 8, stage.parity ^ 1);
        barrier_expect(barrier, diagonal ? S::kOperand : S::kStageBytes);
        for (int i = 0; i < S::kMultipliers; ++i) {
          const uint32_t at = to + static_cast<uint32_t>(i) * kBox;
          load_tensor(at, features, block.row * kTile + i * 64, begin + step * kStep, 0, barrier);
          if (!diagonal) {
            load_tensor(at + S::kOperand, features, block.column * kTile + i * 64, begin + step * kStep, 0,
                        barrier);
          }
        }
        stage.next();
      }
    }
    return;
  }
  take_registers<S::kMultiplierRegisters>();
  const int rows = thread_index / 128 - 1;
  const int lane = thread_index & 31;
  float run[kTile / 2];
  float sums[kTile / 2] = {};
  float lost[kTile / 2] = {};
  for (int step = 0; step < steps;) {
    const int last = min(steps, step + kSteps);
    uint32_t before = 0;
#pragma unroll 1
    for (int i = step; i < last; ++i) {
      const uint32_t from = memory + stage.stage * S::kStageBytes;
      barrier_wait(full + stage.stage * 8, stage.parity);
      wgmma_fence();
#pragma unroll
      for (uint32_t k = 0; k < 4; ++k) {
        multiply<true, true>(run, transposed(from + static_cast<uint32_t>(rows) * kBox + k * 2048, 0),
                             transposed(from + (diagonal ? 0 : S::kOperand) + k * 2048, kBox),
                             i > step || k > 0);
      }
      wgmma_commit();
      wgmma_wait<1>();
      if (i > step && lane == 0) barrier_arrive(empty + before * 8);
      before = stage.stage;
      stage.next();
    }
    wgmma_wait<0>();
    hold(run);
    if (lane == 0) barrier_arrive(empty + before * 8);
    fold(run, sums, lost);
    step = last;
  }

  const int across = gram_tiles_across(channels);
  const int warp = thread_index / 32 % 4;
#pragma unroll
  for (int part = 0; part < kTile / 64; ++part) {
    const MatrixTile tile{block.row * (kTile / 64) + rows, block.column * (kTile / 64) + part};
    if (tile.column < tile.row) continue;
    float* const to =
        partials + (static_cast<size_t>(blockIdx.y) * static_cast<size_t>(gram_tiles_of(channels)) +
                    static_cast<size_t>(tile_number(tile, across))) *
                       static_cast<size_t>(kGramTile * kGramTile);
#pragma unroll
    for (int i = 0; i < 32; i += 2) {
      const int row = warp * 16 + lane / 4 + i / 2 % 2 * 8;
      const int column = i / 4 * 8 + lane % 4 * 2;
      store_sums(to + row * kGramTile + column, sums[part * 32 + i], sums[part * 32 + i + 1], accumulate);
    }
  }
}

template <int kTile>
bool launch_tiles(const Tensor& features, int splits, bool accumulate, float* sums, cudaStream_t stream) {
  const int positions = features.height * features.width;
  const int of_split = parts(parts(positions, splits), kStep) * kStep;
  CUtensorMap map;
  if (!encode_tensor(map, features.at, features.channels, positions, 1, kStep, 1)) return false;
  launch(gram_tiles_sm90<kTile>,
         dim3(static_cast<unsigned>(gram_tiles_of(features.channels / (kTile / kGramTile))),
              static_cast<unsigned>(splits)),
         dim3(Shape<kTile>::kThreads), Shape<kTile>::kBytes, stream, map, features.channels, positions,
         of_split, accumulate, sums);
  return true;
}

}  // namespace

bool launch_gram_sm90(const Tensor& features, int splits, bool accumulate, float* sums, cudaStream_t stream) {
  if (features.channels % kGramTile != 0) return false;
  return features.channels % (2 * kGramTile) == 0
             ? launch_tiles<2 * kGramTile>(features, splits, accumulate, sums, stream)
             : launch_tiles<kGramTile>(features, splits, accumulate, sums, stream);
}

}  // namespace scumble::cuda

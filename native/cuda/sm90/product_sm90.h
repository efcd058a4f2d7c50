// A product on Hopper's matrix units (wgmma, sm_90a), in bfloat16: what product_mma.h makes, where both
// channels and outputs are multiples of 64.
//
// A block of threads makes kRows x 16 pixels times kOutputs outputs. One warpgroup loads (one thread of it;
// it gives its registers to the others), one or two multiply, 64 pixels (4 rows x 16) at a time. The operands
// come by the copy engine in rows of 128 bytes, 64 channels: of pixels, boxes in which what lies outside of
// the picture is zero, so the padding costs nothing; of weights, the outputs' rows of a tap.
//
// A box of pixels has the tile's 16 columns, moved by the tap's x, and kRows + 2 rows: it serves the three
// taps of a column, because a tap's y moves its pixels by whole atoms of the swizzle (16 pixels, 2 KB), and
// wgmma finds them where its descriptors expect them. A box for all nine taps would need descriptors that
// begin within an atom. Three boxes instead of nine: 16 x 16 pixels and 128 outputs then need 36 KB of pixels
// and 48 KB of weights for 3072 clocks of the matrix units, 27 bytes per clock, and an H100's L2 gives
// about 24. So the blocks of a cluster, which have the same outputs and different pixels, load a part of the
// weights each, for all: 20 bytes for a cluster of two.
//
// Boxes and weights run through rings of mbarriers, `full` when their bytes have come and `empty` when every
// warp that multiplies (of weights: in every block of the cluster) is done with them. The grid is persistent:
// a cluster takes every n-th unit of work, outputs first, so that those that run at the same time read few
// pixels and all of a layer's weights, which stay in the L2 cache. Loading runs ahead into the next unit
// while the results of the last leave.
//
// Results: bias and ReLU, or what is there and the mask (read as they lie; 32 bytes of a pixel at a time),
// then through shared memory, swizzled so that a warp's writes meet all banks, by the copy engine, which
// leaves out what is outside.
#pragma once

#include "../ops/launch.h"
#include "../ops/product.h"
#include "../ptx/ptx_sm90.h"
#include "pool_sm90.h"
#include "tensor_map.h"

namespace scumble::cuda {

constexpr size_t kMostSharedSm90 = 227 << 10;  // of a block; two share 228 KB, of which each has 1 reserved
constexpr int kRegistersOfProcessor = 65536;

// kConsumers warpgroups multiply; kCluster blocks share weights; kResident blocks fit a multiprocessor.
template <int kRows_, int kOutputs_, int kConsumers_, int kCluster_, int kResident_, int kWeightStages_>
struct Sm90Tile {
  static constexpr int kRows = kRows_;
  static constexpr int kOutputs = kOutputs_;
  static constexpr int kConsumers = kConsumers_;
  static constexpr int kCluster = kCluster_;
  static constexpr int kResident = kResident_;
  static constexpr int kThreads = 128 * (1 + kConsumers);
  static constexpr int kBlocks = kRows / 4 / kConsumers;  // of 64 pixels, per warpgroup
  static_assert(kBlocks * 4 * kConsumers == kRows && kOutputs % 64 == 0 && kOutputs / kCluster % 8 == 0);

  // What a thread has when the kernel starts, in eights, and what it has where setmaxnreg shares them out
  // anew.
  static constexpr int kRegisters = kRegistersOfProcessor / kResident / kThreads / 8 * 8;
  static constexpr int kLoaderRegisters = 40;
  static constexpr int kMultiplierRegisters =
      (kRegisters * kThreads - kLoaderRegisters * 128) / (128 * kConsumers) / 8 * 8;
  static_assert(kLoaderRegisters <= kRegisters && kRegisters <= kMultiplierRegisters &&
                kMultiplierRegisters <= 256);

  template <int kTaps>
  struct Memory {
    static constexpr int kSide = kTaps == 9 ? 3 : 1;
    static constexpr int kBoxRows = kRows + kSide - 1;
    static constexpr int kBox = kBoxRows * kColumnsSm90 * 128;
    static constexpr int kWeightStages = kWeightStages_;
    static constexpr int kWeights = kOutputs * 128;
    static constexpr int kStaging = 64 * kOutputs * 2;  // of a warpgroup
    static constexpr int kBarriers = 256;
    static constexpr int kLimit =
        static_cast<int>(kResident == 1 ? kMostSharedSm90 : (228 << 10) / kResident - 1024);
    static constexpr int kBoxes =
        (kLimit - kWeightStages * kWeights - kConsumers * kStaging - kBarriers) / kBox < 4
            ? (kLimit - kWeightStages * kWeights - kConsumers * kStaging - kBarriers) / kBox
            : 4;
    static constexpr int kBytes =
        kBoxes * kBox + kWeightStages * kWeights + kConsumers * kStaging + kBarriers;
    static_assert(kBoxes >= 2 && kBytes <= kLimit && (2 * kBoxes + 2 * kWeightStages) * 8 <= kBarriers);
  };

  static int units(const Product& p) {
    const int pixels = parts(p.height, kRows) * parts(p.width, kColumnsSm90);
    return parts(pixels, kCluster) * (p.outputs / kOutputs);
  }
  static bool takes(const Product& p) { return p.channels % 64 == 0 && p.outputs % kOutputs == 0; }
};

struct ProductSm90 {
  CUtensorMap in;
  CUtensorMap weights;
  CUtensorMap out;
  Product p;
  int units;  // of a cluster
};

// The pixels and outputs of a block's next tile. One beyond the picture has pixels outside, which are zero
// and are not stored.
template <typename Tile>
__device__ __forceinline__ TileOrigin origin_of_unit(const Product& p, int unit, int rank) {
  const int across = p.outputs / Tile::kOutputs;
  const int columns = (p.width + kColumnsSm90 - 1) / kColumnsSm90;
  const int pixels = unit / across * Tile::kCluster + rank;
  return {pixels / columns * Tile::kRows, pixels % columns * kColumnsSm90, unit % across * Tile::kOutputs};
}

template <int kTaps, typename Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kResident)
    product_sm90(const __grid_constant__ ProductSm90 q) {
  using Memory = typename Tile::template Memory<kTaps>;
  constexpr int kSide = Memory::kSide;
  constexpr int kHalo = kSide / 2;
  constexpr int kOutputs = Tile::kOutputs;
  constexpr int kCluster = Tile::kCluster;
  constexpr int kBlocks = Tile::kBlocks;
  constexpr int kBoxes = Memory::kBoxes;
  constexpr int kWeightStages = Memory::kWeightStages;
  constexpr int kPart = Memory::kWeights / kCluster;  // of the weights, that a block of the cluster loads

  const Product& p = q.p;
  const uint32_t boxes = shared_address(shared_memory<unsigned char>());
  const uint32_t weights = boxes + kBoxes * Memory::kBox;
  const uint32_t staging = weights + kWeightStages * Memory::kWeights;
  const uint32_t full_boxes = staging + Tile::kConsumers * Memory::kStaging;
  const uint32_t empty_boxes = full_boxes + kBoxes * 8;
  const uint32_t full_weights = empty_boxes + kBoxes * 8;
  const uint32_t empty_weights = full_weights + kWeightStages * 8;

  const int thread_index = static_cast<int>(threadIdx.x);
  const int rank = static_cast<int>(blockIdx.x) % kCluster;
  const int first_unit = static_cast<int>(blockIdx.x) / kCluster;
  const int unit_step = static_cast<int>(gridDim.x) / kCluster;
  const int groups = p.channels / 64;

  if (thread_index == 0) {
    for (uint32_t i = 0; i < kBoxes; ++i) {
      barrier_init(full_boxes + i * 8, 1);
      barrier_init(empty_boxes + i * 8, Tile::kConsumers * 4);
    }
    for (uint32_t i = 0; i < kWeightStages; ++i) {
      barrier_init(full_weights + i * 8, 1);
      barrier_init(empty_weights + i * 8, Tile::kConsumers * 4 * kCluster);
    }
    fence_barrier_init();
  }
  if constexpr (kCluster > 1) {
    cluster_barrier();
  } else {
    __syncthreads();
  }

  RingStage<kBoxes> box;
  RingStage<kWeightStages> weight;
  if (thread_index < 128) {
    give_registers<Tile::kLoaderRegisters>();
    if (thread_index == 0) {
      for (int unit = first_unit; unit < q.units; unit += unit_step) {
        const TileOrigin origin = origin_of_unit<Tile>(p, unit, rank);
        for (int group = 0; group < groups; ++group) {
          for (int x = 0; x < kSide; ++x) {
            barrier_wait(empty_boxes + box.stage * 8, box.parity ^ 1);
            barrier_expect(full_boxes + box.stage * 8, Memory::kBox);
            load_tensor(boxes + box.stage * Memory::kBox, q.in, group * 64, origin.x + x - kHalo,
                        origin.y - kHalo, full_boxes + box.stage * 8);
            box.next();
            for (int y = 0; y < kSide; ++y) {
              barrier_wait(empty_weights + weight.stage * 8, weight.parity ^ 1);
              barrier_expect(full_weights + weight.stage * 8, Memory::kWeights);
              const uint32_t to =
                  weights + weight.stage * Memory::kWeights + static_cast<uint32_t>(rank * kPart);
              const int output = origin.output + rank * (kOutputs / kCluster);
              if constexpr (kCluster > 1) {
                load_tensor(to, q.weights, group * 64, output, y * kSide + x, full_weights + weight.stage * 8,
                            static_cast<uint16_t>((1 << kCluster) - 1));
              } else {
                load_tensor(to, q.weights, group * 64, output, y * kSide + x,
                            full_weights + weight.stage * 8);
              }
              weight.next();
            }
          }
        }
      }
    }
  } else {
    take_registers<Tile::kMultiplierRegisters>();
    const int consumer = thread_index / 128 - 1;
    const int warp = thread_index / 32 % 4;
    const int lane = thread_index & 31;
    const uint32_t my_staging = staging + static_cast<uint32_t>(consumer * Memory::kStaging);

    const auto release_box = [&](uint32_t stage) {
      if (lane == 0) barrier_arrive(empty_boxes + stage * 8);
    };
    const auto release_weights = [&](uint32_t stage) {
      if constexpr (kCluster > 1) {
        if (lane < kCluster) {
          barrier_arrive_cluster(address_in(empty_weights + stage * 8, static_cast<uint32_t>(lane)));
        }
      } else {
        if (lane == 0) barrier_arrive(empty_weights + stage * 8);
      }
    };

    for (int unit = first_unit; unit < q.units; unit += unit_step) {
      float sums[kBlocks][kOutputs / 2];
      uint32_t last_box = 0;
      uint32_t last_weight = 0;
#pragma unroll 1
      for (int step = 0; step < groups * kSide; ++step) {
        barrier_wait(full_boxes + box.stage * 8, box.parity);
        const uint32_t from_box =
            boxes + box.stage * Memory::kBox + static_cast<uint32_t>(consumer * kBlocks) * 8192;
#pragma unroll
        for (int y = 0; y < kSide; ++y) {
          barrier_wait(full_weights + weight.stage * 8, weight.parity);
          const uint32_t a = from_box + static_cast<uint32_t>(y) * 2048;
          const uint32_t b = weights + weight.stage * Memory::kWeights;
          wgmma_fence();
#pragma unroll
          for (uint32_t k = 0; k < 4; ++k) {
#pragma unroll
            for (uint32_t i = 0; i < kBlocks; ++i) {
              multiply<false, false>(sums[i], k_major(a + i * 8192 + k * 32), k_major(b + k * 32),
                                     step > 0 || y > 0 || k > 0);
            }
          }
          wgmma_commit();
          wgmma_wait<1>();  // for those before
          if (step > 0 || y > 0) release_weights(last_weight);
          if (step > 0 && y == 0) release_box(last_box);
          last_weight = weight.stage;
          weight.next();
        }
        last_box = box.stage;
        box.next();
      }
      wgmma_wait<0>();
      release_weights(last_weight);
      release_box(last_box);

      const TileOrigin origin = origin_of_unit<Tile>(p, unit, rank);
      const int output = origin.output + lane % 4 * 2;
#pragma unroll
      for (int i = 0; i < kBlocks; ++i) {
        hold(sums[i]);
        const int y = origin.y + (consumer * kBlocks + i) * 4;
        if (thread_index % 128 == 0) wait_stores_read();
        named_barrier(1 + consumer, 128);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int column = lane / 4 + half * 8;
          const int x = origin.x + column;
          const bool inside = y + warp < p.height && x < p.width;
          const size_t at = pixel_index(y + warp, x, p.width) * static_cast<size_t>(p.outputs) +
                            static_cast<size_t>(output);
          const uint32_t to = my_staging + static_cast<uint32_t>((warp * 16 + column) * 128 + lane % 4 * 4);
#pragma unroll
          for (int j = 0; j < kOutputs / 8; ++j) {
            float2 sum = {sums[i][j * 4 + half * 2], sums[i][j * 4 + half * 2 + 1]};
            if (p.bias) {
              const float2 bias = *reinterpret_cast<const float2*>(p.bias + output + j * 8);
              sum.x += bias.x;
              sum.y += bias.y;
              if (p.relu) {  // a NaN stays one
                sum.x = sum.x < 0 ? 0 : sum.x;
                sum.y = sum.y < 0 ? 0 : sum.y;
              }
            } else {
              if (p.accumulate && inside) {
                const float2 there =
                    two_of(*reinterpret_cast<const uint32_t*>(static_cast<const Bf16*>(p.out) + at + j * 8));
                sum.x += there.x;
                sum.y += there.y;
              }
              if (p.mask && inside) {
                const float2 mask =
                    two_of(*reinterpret_cast<const uint32_t*>(static_cast<const Bf16*>(p.mask) + at + j * 8));
                if (!(mask.x > 0)) sum.x = 0;
                if (!(mask.y > 0)) sum.y = 0;
              }
            }
            store_shared(to + static_cast<uint32_t>(j / 8 * 8192 + ((j ^ column) & 7) * 16),
                         to_bf16(sum.x, sum.y));
          }
        }
        fence_async();
        named_barrier(1 + consumer, 128);
        if constexpr (kTaps == 9) {
          if (p.pooled) {
            with_kind(p.kind, [&](auto kind) {
              pool_block<decltype(kind)::value, kOutputs>(p, {y, origin.x, origin.output},
                                                          my_staging - boxes);
            });
          }
        }
        if (thread_index % 128 == 0) {
#pragma unroll
          for (int part = 0; part < kOutputs / 64; ++part) {
            store_tensor(q.out, origin.output + part * 64, origin.x, y,
                         my_staging + static_cast<uint32_t>(part * 8192));
          }
          commit_stores();
        }
      }
    }
    if (thread_index % 128 == 0) wait_stores_read();
  }
  // A block's memory must stay until no other of its cluster writes to it.
  if constexpr (kCluster > 1) cluster_barrier();
}

}  // namespace scumble::cuda

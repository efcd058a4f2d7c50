// A product on the matrix units (mma.sync, sm_80 and later), for bfloat16 and TF32 alike: in bytes the two
// are the same.
//
// A block of threads makes rows x columns pixels times kOutputs outputs. The k of one step is 64 bytes of
// channels (32 bfloat16, 16 floats) of one tap. The tile's pixels with a border of one, a patch, come into
// shared memory once for all nine taps, because loading them tap by tap would read the L2 cache faster than
// it can give: 16 x 16 pixels and 128 outputs then need 13 bytes per clock of a multiprocessor at full rate,
// not 26, and an H100's L2 gives about 24. A tap is then only another place to read from. Pixels outside the
// picture are copies of size 0, which the hardware fills with zeros: the padding costs nothing.
//
// Weights run through a ring of kStages steps. With nine taps there are two patches; the next comes in pieces
// during the later taps of this one. With one tap the patches are a ring like the weights.
//
// Shared memory: a pixel (or an output's weights) has 64 bytes, four chunks of 16; chunk c of pixel i lies in
// chunk number c ^ (i / 2 % 4) of it. ldmatrix reads one chunk of eight neighbouring pixels at a time: in units of
// 16 bytes, modulo the eight that the banks hold, they lie at i % 2 * 4 + (c ^ i / 2 % 4), eight different
// places, whatever the first i is. So no tap meets a bank conflict. Writes are four chunks of two pixels per
// eight threads, likewise.
//
// Sums are float32. They leave through shared memory, a warp's 16 rows at a time, so that 16-byte accesses of
// neighbouring lanes meet whole cache lines.
#pragma once

#include "../ptx/ptx.h"
#include "product.h"

namespace scumble::cuda {

// kWarpsM x kWarpsN warps share the tile; kResident blocks fit a multiprocessor's registers.
template <int kRows, int kColumns, int kOutputs_, int kWarpsM_, int kWarpsN_, int kResident_, int kPercent>
struct MmaTile {
  static constexpr TileShape kShape = {kRows, kColumns, kOutputs_, kPercent / 100.0};
  static constexpr int kOutputs = kOutputs_;
  static constexpr int kWarpsM = kWarpsM_;
  static constexpr int kWarpsN = kWarpsN_;
  static constexpr int kResident = kResident_;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
  static constexpr int kStages = 4;
  static constexpr int kPixelsOfWarp = kRows * kColumns / kWarpsM;
  static constexpr int kOutputsOfWarp = kOutputs / kWarpsN;
  static_assert(kColumns % 8 == 0 && kPixelsOfWarp % 16 == 0 && kOutputsOfWarp % 16 == 0);

  // The parts of shared memory, in bytes, for nine taps or one.
  template <int kTaps>
  struct Memory {
    static constexpr int kHalo = kTaps == 9 ? 1 : 0;
    static constexpr int kPatchColumns = kColumns + 2 * kHalo;
    static constexpr int kPatchPixels = (kRows + 2 * kHalo) * kPatchColumns;
    static constexpr int kPatch = kPatchPixels * 64;
    static constexpr int kPatches = kTaps == 9 ? 2 : kStages;
    static constexpr int kWeights = kOutputs * 64;
    static constexpr int kStagingPitch = kOutputsOfWarp + 8;  // floats; eight banks on from row to row
    static constexpr int kStaging = 16 * kStagingPitch * 4;   // of a warp
    static constexpr int kLoop = kPatches * kPatch + kStages * kWeights;
    static constexpr int kEnd = kWarpsM * kWarpsN * kStaging;
    static constexpr int kBytes = kLoop > kEnd ? kLoop : kEnd;
    static_assert(kBytes <= 99 * 1024, "sm_86, 89 and 120 have no more");
  };
};

// A step's chunk c of row i (a pixel or an output).
__device__ __forceinline__ uint32_t swizzled(int i, int c) {
  return static_cast<uint32_t>(i * 64 + ((c ^ (i >> 1 & 3)) << 4));
}

__device__ __forceinline__ void multiply_add(Bf16, float (&sum)[4], const uint32_t (&a)[4],
                                             const uint32_t (&b)[2]) {
  mma_bf16_16816(sum, a, b);
}
__device__ __forceinline__ void multiply_add(float, float (&sum)[4], const uint32_t (&a)[4],
                                             const uint32_t (&b)[2]) {
  mma_tf32_1688(sum, a, b);
}

template <typename E, int kTaps, typename Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kResident) product_mma(const Product p) {
  using Memory = typename Tile::template Memory<kTaps>;
  constexpr int kThreads = Tile::kThreads;
  constexpr int kStages = Tile::kStages;
  constexpr int kColumns = Tile::kShape.columns;
  constexpr int kFragmentsM = Tile::kPixelsOfWarp / 16;
  constexpr int kFragmentsN = Tile::kOutputsOfWarp / 8;
  constexpr int kChunks = Memory::kPatchPixels * 4;
  // The taps at whose loading the patch of the group before is no longer read.
  constexpr int kPieces = 9 - (kStages - 1);
  constexpr int kChunksOfPiece = (kChunks + kPieces * kThreads - 1) / (kPieces * kThreads) * kThreads;

  unsigned char* const memory = shared_memory<unsigned char>();
  const uint32_t patches = shared_address(memory);
  const uint32_t ring = patches + Memory::kPatches * Memory::kPatch;
  const int thread_index = static_cast<int>(threadIdx.x);
  const int lane = thread_index & 31;
  const int warp_m = thread_index / 32 % Tile::kWarpsM;
  const int warp_n = thread_index / 32 / Tile::kWarpsM;
  const TileOrigin origin = origin_of_block<Tile>(p);
  const int pixel_bytes = p.channels * static_cast<int>(sizeof(E));
  const int groups = (pixel_bytes + 63) / 64;
  const int steps = groups * kTaps;
  const auto* const in = static_cast<const unsigned char*>(p.in);
  const int weight_row = groups * 64;  // bytes of an output's weights of a tap
  const unsigned char* const weights =
      static_cast<const unsigned char*>(p.weights) + static_cast<ptrdiff_t>(origin.output) * weight_row;

  // Chunks first, first + kThreads, ... of a group's patch, as many as there are before `end`.
  const auto load_patch = [&](int group, uint32_t to, int first, int end) {
#pragma unroll 1
    for (int i = first + thread_index; i < end; i += kThreads) {
      const int pixel = i >> 2;
      const int c = i & 3;
      const int y = origin.y + pixel / Memory::kPatchColumns - Memory::kHalo;
      const int x = origin.x + pixel % Memory::kPatchColumns - Memory::kHalo;
      const int byte = group * 64 + c * 16;
      const bool inside = y >= 0 && y < p.height && x >= 0 && x < p.width && byte < pixel_bytes;
      const unsigned char* from = in;
      if (inside)
        from += pixel_index(y, x, p.width) * static_cast<size_t>(pixel_bytes) + static_cast<size_t>(byte);
      cp_async(to + swizzled(pixel, c), from, inside ? 16 : 0);
    }
  };

  int load_step = 0;
  int load_group = 0;
  int load_tap = 0;
  const auto load_next = [&] {
    if (load_step < steps) {
      const int stage = load_step % kStages;
      const uint32_t to = ring + static_cast<uint32_t>(stage * Memory::kWeights);
      const unsigned char* const from =
          weights + static_cast<ptrdiff_t>(load_tap * p.outputs) * weight_row + load_group * 64;
#pragma unroll
      for (int k = 0; k < Tile::kOutputs * 4; k += kThreads) {
        const int i = k + thread_index;
        if (Tile::kOutputs * 4 % kThreads != 0 && i >= Tile::kOutputs * 4) break;
        const int output = i >> 2;
        const bool inside = origin.output + output < p.outputs;
        cp_async(to + swizzled(output, i & 3), inside ? from + output * weight_row + (i & 3) * 16 : from,
                 inside ? 16 : 0);
      }
      if constexpr (kTaps == 1) {
        load_patch(load_group, patches + static_cast<uint32_t>(stage * Memory::kPatch), 0, kChunks);
      } else if (load_step == 0) {
        load_patch(0, patches, 0, kChunks);
      } else if (load_tap >= kStages - 1 && load_group + 1 < groups) {
        const int first = (load_tap - (kStages - 1)) * kChunksOfPiece;
        const int end = first + kChunksOfPiece;
        load_patch(load_group + 1, patches + static_cast<uint32_t>(((load_group + 1) & 1) * Memory::kPatch),
                   first, end < kChunks ? end : kChunks);
      }
      ++load_step;
      if (++load_tap == kTaps) {
        load_tap = 0;
        ++load_group;
      }
    }
    cp_async_commit();
  };

  float sums[kFragmentsM][kFragmentsN][4] = {};
  // Where this lane's row of each fragment begins. Of a, lanes 0 ... 15 give rows, 16 ... 31 the same rows'
  // next chunk; of b, lanes 0 ... 7 give eight outputs, 8 ... 15 their next chunk, the others the next eight
  // outputs.
  int pixels[kFragmentsM];
#pragma unroll
  for (int i = 0; i < kFragmentsM; ++i) {
    const int row = warp_m * Tile::kPixelsOfWarp + i * 16 + (lane & 15);
    pixels[i] = row / kColumns * Memory::kPatchColumns + row % kColumns;
  }
  const int chunk_a = lane >> 4;
  const uint32_t row_b =
      swizzled(warp_n * Tile::kOutputsOfWarp + (lane & 7) + (lane >> 4 << 3), lane >> 3 & 1);

#pragma unroll
  for (int i = 0; i < kStages - 1; ++i) load_next();

  int group = 0;
  int tap_x = 0;
  int tap = 0;  // as a number of patch pixels
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    cp_async_wait<kStages - 2>();
    __syncthreads();
    load_next();

    const int stage = step % kStages;
    const uint32_t patch = patches + static_cast<uint32_t>((kTaps == 1 ? stage : group & 1) * Memory::kPatch);
    const uint32_t from_b = ring + static_cast<uint32_t>(stage * Memory::kWeights) + row_b;
    uint32_t from_a[kFragmentsM];
#pragma unroll
    for (int i = 0; i < kFragmentsM; ++i) from_a[i] = patch + swizzled(pixels[i] + tap, chunk_a);
    // A half of the step's 64 bytes at a time; chunk c + 2 has the address of chunk c with bit 5 flipped.
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint32_t a[kFragmentsM][4];
      uint32_t b[kFragmentsN][2];
#pragma unroll
      for (int i = 0; i < kFragmentsM; ++i) {
        ldmatrix_x4(a[i], from_a[i] ^ static_cast<uint32_t>(half * 32));
        if constexpr (sizeof(E) == 4) {
#pragma unroll
          for (uint32_t& word : a[i]) word = to_tf32(as_float(word));
        }
      }
#pragma unroll
      for (int j = 0; j < kFragmentsN; j += 2) {
        uint32_t two[4];
        ldmatrix_x4(two, (from_b ^ static_cast<uint32_t>(half * 32)) + static_cast<uint32_t>(j * 8 * 64));
        b[j][0] = two[0];
        b[j][1] = two[1];
        b[j + 1][0] = two[2];
        b[j + 1][1] = two[3];
      }
#pragma unroll
      for (int i = 0; i < kFragmentsM; ++i) {
#pragma unroll
        for (int j = 0; j < kFragmentsN; ++j) multiply_add(E{}, sums[i][j], a[i], b[j]);
      }
    }

    if constexpr (kTaps == 9) {
      ++tap;
      if (++tap_x == 3) {
        tap_x = 0;
        tap += Memory::kPatchColumns - 3;
        if (tap == 3 * Memory::kPatchColumns) {
          tap = 0;
          ++group;
        }
      }
    }
  }
  cp_async_wait<0>();
  __syncthreads();

  constexpr int kVectors = Tile::kOutputsOfWarp / kLanes<E>;
  float* const staging = reinterpret_cast<float*>(memory) + thread_index / 32 * 16 * Memory::kStagingPitch;
#pragma unroll
  for (int i = 0; i < kFragmentsM; ++i) {
#pragma unroll
    for (int j = 0; j < kFragmentsN; ++j) {
      float* const to = staging + (lane >> 2) * Memory::kStagingPitch + j * 8 + (lane & 3) * 2;
      *reinterpret_cast<float2*>(to) = float2{sums[i][j][0], sums[i][j][1]};
      *reinterpret_cast<float2*>(to + 8 * Memory::kStagingPitch) = float2{sums[i][j][2], sums[i][j][3]};
    }
    __syncwarp();
#pragma unroll 1
    for (int k = lane; k < 16 * kVectors; k += 32) {
      const int row = warp_m * Tile::kPixelsOfWarp + i * 16 + k / kVectors;
      const int y = origin.y + row / kColumns;
      const int x = origin.x + row % kColumns;
      const int inside = k % kVectors * kLanes<E>;
      const int output = origin.output + warp_n * Tile::kOutputsOfWarp + inside;
      if (y < p.height && x < p.width && output < p.outputs) {
        const float* const from = staging + k / kVectors * Memory::kStagingPitch + inside;
        Vec<E> sum;
#pragma unroll
        for (int e = 0; e < kLanes<E>; e += 4) {
          const Vec<float> four = load(from + e);
#pragma unroll
          for (int n = 0; n < 4; ++n) sum.at[e + n] = four.at[n];
        }
        finish<E>(p,
                  pixel_index(y, x, p.width) * static_cast<size_t>(p.outputs) + static_cast<size_t>(output),
                  output, sum);
      }
    }
    __syncwarp();
  }
}

// Efficiency on paper: what of the mma.sync rate is left when a block's loads come from an L2 cache of 24
// bytes per clock and multiprocessor. Per step a block loads 64 bytes for each output and a ninth of a patch;
// 256 x 128: 10.5 KB for 1 M multiply-adds (bfloat16), 128 x 128: 9.5 KB for 0.5 M, 64 x 64: 4.8 KB for 0.13
// M.
template <typename E, int kTaps>
void launch_product_mma(const Product& p, cudaStream_t stream) {
  with_best_tile<MmaTile<16, 16, 128, 4, 2, 1, 100>,  // large layers
                 MmaTile<16, 16, 64, 8, 1, 2, 90>,    // 64 outputs
                 MmaTile<8, 16, 128, 2, 2, 2, 90>,    // where the first would leave processors idle
                 MmaTile<8, 8, 64, 2, 2, 4, 55>,      // small pictures
                 MmaTile<16, 16, 32, 8, 1, 2, 60>>(   // few outputs
      p, [&](auto tile) {
        using Tile = decltype(tile);
        launch(product_mma<E, kTaps, Tile>, dim3(static_cast<unsigned>(blocks_of(p, Tile::kShape))),
               dim3(Tile::kThreads), static_cast<size_t>(Tile::template Memory<kTaps>::kBytes), stream, p);
      });
}

}  // namespace scumble::cuda

// Pooling of a tile that lies in shared memory, swizzled, before it leaves.
#pragma once

#include "../ops/pool.h"
#include "../ops/product.h"
#include "../ptx/ptx.h"

namespace scumble::cuda {

constexpr int kColumnsSm90 = 16;  // of pixels, of every tile here

// Two neighbouring outputs of a pixel.
__device__ __forceinline__ float2 two_of(uint32_t pair) {
  return {as_float(pair << 16), as_float(pair & 0xffff0000u)};
}

// Pools the 4 x 16 pixels that begin at the origin and lie in shared memory, `staged` bytes from its
// beginning. A warpgroup takes eight windows at a time (sixteen of 64 outputs), a thread eight outputs of
// one; two at a time, because the registers are full of sums.
template <Pool kKind, int kOutputs>
__device__ __forceinline__ void pool_block(const Product& p, const TileOrigin& origin, uint32_t staged) {
  struct Two {
    float at[2] = {};
  };
  constexpr int kVectors = kOutputs / kLanes<Bf16>;
  const int thread_index = static_cast<int>(threadIdx.x) % 128;
  const int vector = thread_index % kVectors;
#pragma unroll 1
  for (int window = thread_index / kVectors; window < 16; window += 128 / kVectors) {
    const int y = origin.y / 2 + window / 8;
    const int x = origin.x / 2 + window % 8;
    if (y >= p.pooled_height || x >= p.pooled_width) continue;
    bool inside[4];
    const unsigned char* from[4];
    int count = 0;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int pixel = (window / 8 * 2 + k / 2) * kColumnsSm90 + window % 8 * 2 + k % 2;
      inside[k] = 2 * y + k / 2 < p.height && 2 * x + k % 2 < p.width;
      count += inside[k];
      from[k] = shared_memory<unsigned char>() + staged + vector / 8 * 8192 + pixel * 128 +
                ((vector ^ pixel) & 7) * 16;
    }
    uint32_t words[4];
#pragma unroll
    for (int word = 0; word < 4; ++word) {
      Two values[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        if (!inside[k]) continue;
        const float2 two = two_of(*reinterpret_cast<const uint32_t*>(from[k] + word * 4));
        values[k].at[0] = two.x;
        values[k].at[1] = two.y;
      }
      const Two result = pooled<kKind>(values, inside, count);
      words[word] = to_bf16(result.at[0], result.at[1]);
    }
    const size_t to = pixel_index(y, x, p.pooled_width) * static_cast<size_t>(p.outputs) +
                      static_cast<size_t>(origin.output + vector * kLanes<Bf16>);
    *reinterpret_cast<uint4*>(static_cast<Bf16*>(p.pooled) + to) =
        uint4{words[0], words[1], words[2], words[3]};
  }
}

}  // namespace scumble::cuda

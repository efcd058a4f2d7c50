// The one way sums are made: a thread adds short runs in float and the runs in double, the threads of a block
// are then added as a tree of fixed shape, and a block's sums go to places that depend on the block alone.
// The number of blocks depends on the size of what is summed, so the bytes are the same every time and on
// every card.
#pragma once

#include "../ptx/ptx.h"
#include "elements.h"

namespace scumble::cuda {

constexpr unsigned kWarp = 32;
constexpr unsigned kSumThreads = 512;

inline unsigned sum_blocks(size_t n) {
  return static_cast<unsigned>(std::min<size_t>((n + kSumThreads - 1) / kSumThreads, kPartials));
}

// N sums over a warp; N is a power of two. Every exchange with another lane halves what a lane has to care
// for, so N sums take about N exchanges, not 5 N. Returns sum number lane % N.
template <int N, int kSums = N>
__device__ double warp_sums(const double (&values)[N]) {
  if constexpr (N > 1) {
    constexpr int kHalf = N / 2;
    const bool upper = (threadIdx.x & static_cast<unsigned>(kHalf)) != 0;
    double half[kHalf];
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const double given = upper ? values[i] : values[i + kHalf];
      half[i] = (upper ? values[i + kHalf] : values[i]) + __shfl_xor_sync(0xffffffffu, given, kHalf);
    }
    return warp_sums<kHalf, kSums>(half);
  } else {
    double sum = values[0];
#pragma unroll
    for (int offset = kSums; offset < static_cast<int>(kWarp); offset *= 2) {
      sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    }
    return sum;
  }
}

template <int N>
constexpr size_t block_sums_bytes(unsigned threads) {
  return threads / kWarp * N * sizeof(double);
}

// N sums over a block, by all its threads; thread i < N gets sum i. Shared memory: block_sums_bytes().
template <int N>
__device__ double block_sums(const double (&values)[N]) {
  double* shared = shared_memory<double>();
  const double sum = warp_sums(values);
  if (threadIdx.x % kWarp < N) shared[threadIdx.x / kWarp * N + threadIdx.x % kWarp] = sum;
  __syncthreads();
  double total = 0;
  if (threadIdx.x < N) {
    for (unsigned warp = 0; warp < blockDim.x / kWarp; ++warp) total += shared[warp * N + threadIdx.x];
  }
  return total;
}

// The end of a kernel with one sum.
__device__ inline void store_partial(double value, double scale, const Partials& partials) {
  const double values[1] = {value};
  const double sum = block_sums(values);
  if (threadIdx.x > 0) return;
  partials.at[blockIdx.x] = scale * sum;
  for (unsigned i = blockIdx.x + gridDim.x; i < kPartials; i += gridDim.x) partials.at[i] = 0;
}

// sums += run, compensated (Kahan 1965), and run begins anew.
template <int kCount>
__device__ __forceinline__ void fold(float (&run)[kCount], float (&sums)[kCount], float (&lost)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    const float term = run[i] - lost[i];
    const float sum = sums[i] + term;
    lost[i] = (sum - sums[i]) - term;
    sums[i] = sum;
    run[i] = 0;
  }
}

}  // namespace scumble::cuda

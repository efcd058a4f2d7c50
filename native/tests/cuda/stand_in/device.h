// What a kernel sees of the stand-in: vector types, its place in the grid, barriers, exchanges within a warp,
// atomics, and the arithmetic that CUDA names. Blocks run in turn and the threads of a block as fibres, which
// change only where one has to wait for others; block.cpp says in which order.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

struct alignas(8) float2 {
  float x, y;
};
struct float3 {
  float x, y, z;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) double2 {
  double x, y;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct uint3 {
  unsigned x, y, z;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float3 make_float3(float x, float y, float z) {
  return {x, y, z};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
inline double2 make_double2(double x, double y) {
  return {x, y};
}
inline int2 make_int2(int x, int y) {
  return {x, y};
}
inline int4 make_int4(int x, int y, int z, int w) {
  return {x, y, z, w};
}
inline uint2 make_uint2(unsigned x, unsigned y) {
  return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}

extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
constexpr int warpSize = 32;

namespace stand_in {

// Says what a kernel did wrong, and where, and aborts.
[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The block's dynamic shared memory.
struct Shared {
  char* at;
  size_t bytes;
};
Shared shared();

// What a lane brings to an operation of its warp.
struct Lane {
  const struct Collective* operation = nullptr;
  unsigned mask = 0;
  const void* in = nullptr;
  void* out = nullptr;
  size_t bytes = 0;
  int argument = 0;
  int width = 0;
};
// An operation of the lanes of a mask: run once all of them have come, with all 32 lanes of the warp.
struct Collective {
  const char* name;
  void (*run)(Lane* lanes, unsigned mask);
};
void collective(const Lane& mine);

extern const Collective kSyncWarp;
extern const Collective kShuffle;      // argument: the lane to read
extern const Collective kShuffleUp;    // by argument
extern const Collective kShuffleDown;  // by argument
extern const Collective kShuffleXor;   // by argument
extern const Collective kBallot;       // argument: the vote

template <typename T>
T shuffle(const Collective& operation, unsigned mask, T value, int argument, int width) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  T result{};
  collective({&operation, mask, &value, &result, sizeof value, argument, width});
  return result;
}

enum class Vote { none, any, all, count };
int barrier(Vote vote, int value);

}  // namespace stand_in

inline void __syncthreads() {
  stand_in::barrier(stand_in::Vote::none, 0);
}
inline int __syncthreads_or(int value) {
  return stand_in::barrier(stand_in::Vote::any, value);
}
inline int __syncthreads_and(int value) {
  return stand_in::barrier(stand_in::Vote::all, value);
}
inline int __syncthreads_count(int value) {
  return stand_in::barrier(stand_in::Vote::count, value);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  stand_in::collective({&stand_in::kSyncWarp, mask, nullptr, nullptr, 0, 0, 0});
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  return stand_in::shuffle(stand_in::kShuffle, mask, value, lane, width);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return stand_in::shuffle(stand_in::kShuffleUp, mask, value, static_cast<int>(delta), width);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return stand_in::shuffle(stand_in::kShuffleDown, mask, value, static_cast<int>(delta), width);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32) {
  return stand_in::shuffle(stand_in::kShuffleXor, mask, value, with, width);
}
inline unsigned __ballot_sync(unsigned mask, int vote) {
  unsigned result = 0;
  stand_in::collective({&stand_in::kBallot, mask, nullptr, &result, 0, vote != 0, 32});
  return result;
}
inline int __any_sync(unsigned mask, int vote) {
  return __ballot_sync(mask, vote) != 0;
}
inline int __all_sync(unsigned mask, int vote) {
  return __ballot_sync(mask, vote) == mask;
}

// Fibres change only where they wait, so plain arithmetic is atomic.
template <typename T>
T atomicAdd(T* at, T value) {
  const T old = *at;
  *at = old + value;
  return old;
}
template <typename T>
T atomicMax(T* at, T value) {
  const T old = *at;
  if (value > old) *at = value;
  return old;
}
template <typename T>
T atomicMin(T* at, T value) {
  const T old = *at;
  if (value < old) *at = value;
  return old;
}
template <typename T>
T atomicExch(T* at, T value) {
  return std::exchange(*at, value);
}
template <typename T>
T atomicCAS(T* at, T compare, T value) {
  const T old = *at;
  if (old == compare) *at = value;
  return old;
}
// The count of 0 ... limit, then 0 again.
inline unsigned atomicInc(unsigned* at, unsigned limit) {
  const unsigned old = *at;
  *at = old >= limit ? 0 : old + 1;
  return old;
}

template <typename T>
T __ldg(const T* at) {
  return *at;
}
template <typename T>
T __ldcs(const T* at) {
  return *at;
}
template <typename T>
T __ldcg(const T* at) {
  return *at;
}
template <typename T>
void __stcs(T* at, T value) {
  *at = value;
}
template <typename T>
void __stcg(T* at, T value) {
  *at = value;
}

namespace stand_in {
template <typename To, typename From>
To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}
}  // namespace stand_in
inline unsigned __float_as_uint(float v) {
  return stand_in::same_bits<unsigned>(v);
}
inline float __uint_as_float(unsigned v) {
  return stand_in::same_bits<float>(v);
}
inline int __float_as_int(float v) {
  return stand_in::same_bits<int>(v);
}
inline float __int_as_float(int v) {
  return stand_in::same_bits<float>(v);
}
inline float rsqrtf(float v) {
  return 1 / std::sqrt(v);
}
inline double rsqrt(double v) {
  return 1 / std::sqrt(v);
}
inline float __fdividef(float a, float b) {
  return a / b;
}
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fmaf_rn(float a, float b, float c) {
  return std::fmaf(a, b, c);
}
inline int __popc(unsigned v) {
  return __builtin_popcount(v);
}
inline int __clz(int v) {
  return v == 0 ? 32 : __builtin_clz(static_cast<unsigned>(v));
}
inline int __ffs(int v) {
  return __builtin_ffs(v);
}

template <typename T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

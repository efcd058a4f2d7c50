// How the kernels that are bound by memory see it: as vectors of 16 bytes, the most that a thread moves at
// once, four floats or eight bfloat16, which arithmetic sees as floats. A tensor is whole vectors, because a
// pixel is padded to eight channels; a picture may end in the middle of one. Everything starts at a multiple
// of 16 bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "launch.h"

namespace scumble::cuda {

struct Bf16 {
  uint16_t bits;  // the upper half of a float's
};

template <typename E>
constexpr int kLanes = 16 / static_cast<int>(sizeof(E));

template <typename E>
struct Vec {
  float at[kLanes<E>] = {};
};

__device__ inline float as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Two floats rounded to the nearest bfloat16, ties to even; `low` comes first in memory.
__device__ inline uint32_t to_bf16(float low, float high) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  const auto round = [](float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return value == value ? (bits + 0x7fffu + (bits >> 16 & 1)) >> 16 : 0x7fffu;
  };
  return round(low) | round(high) << 16;
#endif
}

__device__ inline Vec<float> load(const float* from) {
  const float4 v = *reinterpret_cast<const float4*>(from);
  return {{v.x, v.y, v.z, v.w}};
}

__device__ inline Vec<Bf16> load(const Bf16* from) {
  const uint4 v = *reinterpret_cast<const uint4*>(from);
  const uint32_t words[4] = {v.x, v.y, v.z, v.w};
  Vec<Bf16> values;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    values.at[2 * i] = as_float(words[i] << 16);
    values.at[2 * i + 1] = as_float(words[i] & 0xffff0000u);
  }
  return values;
}

__device__ inline void store(float* to, const Vec<float>& v) {
  *reinterpret_cast<float4*>(to) = float4{v.at[0], v.at[1], v.at[2], v.at[3]};
}

__device__ inline void store(Bf16* to, const Vec<Bf16>& v) {
  *reinterpret_cast<uint4*>(to) = uint4{to_bf16(v.at[0], v.at[1]), to_bf16(v.at[2], v.at[3]),
                                        to_bf16(v.at[4], v.at[5]), to_bf16(v.at[6], v.at[7])};
}

// The same where only `left` elements may be left; those that are not are zero.
__device__ inline Vec<float> load(const float* from, size_t left) {
  if (left >= 4) return load(from);
  Vec<float> values;
#pragma unroll
  for (int i = 0; i < 3; ++i) {
    if (static_cast<size_t>(i) < left) values.at[i] = from[i];
  }
  return values;
}

__device__ inline void store(float* to, const Vec<float>& v, size_t left) {
  if (left >= 4) return store(to, v);
#pragma unroll
  for (int i = 0; i < 3; ++i) {
    if (static_cast<size_t>(i) < left) to[i] = v.at[i];
  }
}

// What every gradient ends with: + what is there if accumulate, then 0 where mask <= 0.
template <typename E>
__device__ void store_gradient(E* to, Vec<E> value, bool accumulate, const E* mask) {
  if (accumulate) {
    const Vec<E> there = load(to);
#pragma unroll
    for (int i = 0; i < kLanes<E>; ++i) value.at[i] += there.at[i];
  }
  if (mask) {
    const Vec<E> positive = load(mask);
#pragma unroll
    for (int i = 0; i < kLanes<E>; ++i) {
      if (!(positive.at[i] > 0)) value.at[i] = 0;
    }
  }
  store(to, value);
}

// A pass over n items by as many threads as there are, or by fewer that take several each:
//   for (size_t i = thread(); i < n; i += threads()) ...
constexpr unsigned kThreads = 256;
constexpr size_t kBlocks = 1 << 16;

inline unsigned blocks_for(size_t n) {
  return static_cast<unsigned>(std::min((n + kThreads - 1) / kThreads, kBlocks));
}
__device__ inline size_t thread() {
  return static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline size_t threads() {
  return static_cast<size_t>(gridDim.x) * blockDim.x;
}

// Vectors of a tensor, and of one pixel.
template <typename E>
__host__ __device__ int vectors_of_pixel(const Tensor& t) {
  return padded(t.channels) / kLanes<E>;
}
template <typename E>
size_t vectors_of(const Tensor& t) {
  return static_cast<size_t>(t.height) * static_cast<size_t>(t.width) *
         static_cast<size_t>(vectors_of_pixel<E>(t));
}

// Calls visit(pixel, element) for the vectors of a tensor that this thread takes: their pixel, and where they
// begin in the tensor. All are of the same channels, channels_of_thread().
template <typename E>
__device__ int channels_of_thread(const Tensor& t) {
  return static_cast<int>(thread() % static_cast<size_t>(vectors_of_pixel<E>(t))) * kLanes<E>;
}
template <typename E, typename Visit>
__device__ void each_pixel(const Tensor& t, const Visit& visit) {
  const size_t vectors = static_cast<size_t>(vectors_of_pixel<E>(t));
  const size_t pixels = static_cast<size_t>(t.height) * static_cast<size_t>(t.width);
  const size_t at_once = threads() / vectors;
  const size_t first = thread() / vectors;
  if (first >= at_once) return;
  for (size_t pixel = first; pixel < pixels; pixel += at_once)
    visit(pixel, (pixel * vectors + thread() % vectors) * kLanes<E>);
}
// Blocks of `threads` for that: at most so many, but enough for all channels of one pixel.
template <typename E>
unsigned pixel_blocks(const Tensor& t, unsigned threads, size_t most) {
  const size_t least = (static_cast<size_t>(vectors_of_pixel<E>(t)) + threads - 1) / threads;
  const size_t wanted = (vectors_of<E>(t) + threads - 1) / threads;
  return static_cast<unsigned>(std::max(least, std::min(wanted, most)));
}

// Calls body() with a value of the type that activations have.
template <typename Body>
void with_elements(Arithmetic precision, const Body& body) {
  if (precision == Arithmetic::bf16) {
    body(Bf16{});
  } else {
    body(float{});
  }
}

}  // namespace scumble::cuda

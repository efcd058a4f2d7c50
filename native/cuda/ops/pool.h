// What a window of a pool becomes, wherever it is computed.
#pragma once

#include <type_traits>

#include "elements.h"

namespace scumble::cuda {

// Of several channels of a window (a Vec, or less of one), in row order: `inside` says which values there
// are, zeros elsewhere; `count` how many. The first is.
template <Pool kKind, typename Values>
__device__ Values pooled(const Values (&values)[4], const bool (&inside)[4], int count) {
  Values result;
#pragma unroll
  for (size_t i = 0; i < sizeof result.at / sizeof result.at[0]; ++i) {
    float r = values[0].at[i];
    if (kKind == Pool::l2) r *= r;
#pragma unroll
    for (int k = 1; k < 4; ++k) {
      const float v = values[k].at[i];
      if (kKind == Pool::max) {
        if (inside[k] && v > r) r = v;
      } else {
        r += kKind == Pool::l2 ? v * v : v;
      }
    }
    if (kKind == Pool::average) r *= 1.0f / static_cast<float>(count);
    result.at[i] = kKind == Pool::l2 ? sqrtf(r) : r;
  }
  return result;
}

// Calls body() with the kind as a constant.
template <typename Body>
__host__ __device__ void with_kind(Pool kind, const Body& body) {
  switch (kind) {
    case Pool::max:
      return body(std::integral_constant<Pool, Pool::max>{});
    case Pool::average:
      return body(std::integral_constant<Pool, Pool::average>{});
    case Pool::l2:
      return body(std::integral_constant<Pool, Pool::l2>{});
  }
}

}  // namespace scumble::cuda

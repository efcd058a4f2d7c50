// What is drawn by lot on the device: as core/positions.h has it.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace scumble::cuda {

__device__ inline uint64_t scrambled(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// Of the evaluation that runs.
__device__ inline uint64_t lot(uint64_t seed, const Progress* progress) {
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;
  return scrambled(scrambled(seed + kStep) + kStep * (static_cast<uint64_t>(progress->iteration) + 1));
}

}  // namespace scumble::cuda

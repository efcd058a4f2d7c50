// Positions drawn by lot, evenly spread: the R2 sequence (Roberts 2018, "The unreasonable effectiveness of
// quasirandom sequences"), additive steps of 1/g and 1/g^2 with g^3 = g + 1, from a random beginning. Any run of
// it is spread nearly as well as a jittered grid of just as many cells, and so are a few more or less, which a
// grid has no room for. All of it is whole numbers, so that every backend has the same positions, and what is
// drawn depends on the seed, the evaluation and the index alone.
#pragma once

#include <cstdint>

#include "noise.h"

namespace scumble {

// A position in the unit square, in 2^-32.
struct Position {
  uint32_t y;
  uint32_t x;
};

constexpr uint32_t kStepY = 3242174889u;  // 2^32 / g
constexpr uint32_t kStepX = 2447445414u;  // 2^32 / g^2

// 64 random bits for an evaluation.
inline uint64_t lot(uint64_t seed, int evaluation) {
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
  return scramble(scramble(seed + kStep) + kStep * (static_cast<uint64_t>(evaluation) + 1));
}

// Number `index` of those that begin at `lot`.
inline Position position_at(uint64_t lot, int index) {
  const uint32_t i = static_cast<uint32_t>(index);
  return {static_cast<uint32_t>(lot >> 32) + i * kStepY, static_cast<uint32_t>(lot) + i * kStepX};
}

// The cell of `cells` equal ones that a coordinate lies in.
inline int cell_at(uint32_t coordinate, int cells) {
  return static_cast<int>((static_cast<uint64_t>(coordinate) * static_cast<uint64_t>(cells)) >> 32);
}

}  // namespace scumble

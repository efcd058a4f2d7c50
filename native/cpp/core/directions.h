// Directions drawn by lot. A coordinate is a sum of four uniform numbers, which is near enough to normal for
// directions to favour none, and whole until a row is brought to length 1: every backend has the same ones.
#pragma once

#include <cmath>
#include <cstdint>

#include "positions.h"

namespace scumble {

// Of the row that begins at `row`: twice the sum of four uniform numbers of 16 bits, without its mean.
inline int coordinate_at(uint64_t row, int index) {
  const uint64_t bits = scramble(row + kNoiseStep * (static_cast<uint64_t>(index) + 1));
  const int sum = static_cast<int>(bits & 0xffff) + static_cast<int>(bits >> 16 & 0xffff) +
                  static_cast<int>(bits >> 32 & 0xffff) + static_cast<int>(bits >> 48);
  return 2 * sum - 4 * 0xffff;
}

// Where the coordinates of a row of an evaluation's directions begin.
inline uint64_t direction_at(uint64_t lot, int row) {
  return scramble(lot + kNoiseStep * (static_cast<uint64_t>(row) + 1));
}

}  // namespace scumble

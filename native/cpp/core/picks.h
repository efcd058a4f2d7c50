// Positions drawn by lot: one of each of so many runs of neighbours, so that they lie everywhere and none is drawn
// twice. Each depends only on the seed, the evaluation and its number, and they ascend.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noise.h"

namespace scumble {

struct Picks {
  uint64_t stream;
  size_t positions;  // to pick of
  size_t count;      // picks; where there are fewer positions, some are picked several times

  Picks(uint64_t seed, int evaluation, size_t positions, size_t count)
      : stream(scramble(scramble(seed) + kStep * (static_cast<uint64_t>(evaluation) + 1))),
        positions(positions),
        count(count) {}

  size_t operator[](size_t i) const {
    const size_t begin = i * positions / count;
    const size_t end = (i + 1) * positions / count;
    return end > begin + 1 ? begin + scramble(stream + kStep * (i + 1)) % (end - begin) : begin;
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
};

}  // namespace scumble

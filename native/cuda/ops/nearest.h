// Panels: rows as the right side of products, all of a channel one after the other, with zeros up to whole tiles.
#pragma once

#include "../../cpp/core/shape.h"

namespace scumble::cuda {

constexpr int kNearestTile = 64;

// From one channel to the next, in floats.
inline int panel_pitch(const Shape& rows) {
  return (rows.height + kNearestTile - 1) / kNearestTile * kNearestTile;
}

}  // namespace scumble::cuda

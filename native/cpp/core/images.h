// What a run is given to look at.
#pragma once

#include <cstddef>
#include <vector>

#include "shape.h"

namespace scumble {

// Interleaved RGB, 0..255, not owned.
struct PictureView {
  const float* data = nullptr;
  int width = 0;
  int height = 0;
  size_t elements() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 3; }
};

// How much of each pixel counts, 0..1, not owned. Of any size: it is stretched over the image.
struct MaskView {
  const float* data = nullptr;
  int width = 0;
  int height = 0;
};

// A mask as a guide on a layer's grid: what features are multiplied with, so that a sum of their products is
// weighted by coverage. A cell's coverage is the mask's mean over its area; coverages are scaled to a mean of
// 1 over the grid, so that a statistic's scale depends on sizes alone; the guide is their square root. Throws
// InvalidArgument where nothing is covered, or a value is outside 0..1.
std::vector<float> guide_of(const MaskView& mask, const Shape& grid);

}  // namespace scumble

// A picture as a Laplacian pyramid (Burt & Adelson 1983), so that optimisers can move its coefficients instead of its
// pixels: a step then moves coarse forms at once, not only the pixels that they are made of.
//
//   x_0 = the picture,  x_{l+1} = down(x_l),  detail_l = x_l - up(x_{l+1}),  and the last x is the residual;
//   back: x_l = detail_l + up(x_{l+1}).
//
// Sides are halved, rounded down, to no less than 1. Down and up are bilinear, and the corners of both pictures are
// the same points (torch's align_corners): output i of n lies at i (m - 1) / (n - 1) among m. So has STROTSS it
// (Kolkin, Salavon, Shakhnarovich 2019). Down is no adjoint of up, and is used only to take a picture apart.
#pragma once

#include <vector>

#include "shape.h"

namespace scumble {

struct PyramidLevel {
  int height;
  int width;
  size_t offset;  // of its interleaved RGB floats, among all coefficients

  size_t elements() const { return static_cast<size_t>(height) * static_cast<size_t>(width) * 3; }
};

// The details, finest first, then the residual.
class Pyramid {
 public:
  // As many details as there are sides to halve, `details` at most.
  Pyramid(int height, int width, int details);
  // That of a picture which has so many coefficients.
  Pyramid(const Shape& picture, const Shape& coefficients);

  const std::vector<PyramidLevel>& levels() const { return levels_; }
  size_t elements() const { return levels_.back().offset + levels_.back().elements(); }
  // Of a dense buffer that has all coefficients.
  Shape shape() const { return {3, 1, static_cast<int>(elements() / 3)}; }
  // Of the pictures between the residual and the whole one; they begin with the second level's size.
  Shape between() const;

  std::vector<float> analyse(const float* picture) const;
  std::vector<float> synthesise(const std::vector<float>& coefficients) const;

 private:
  bool add();

  std::vector<PyramidLevel> levels_;
};

// The finest detail of a picture: what its half does not know.
std::vector<float> finest_detail(const float* picture, int height, int width);

// A picture without its so many finest details, or as many as there are.
std::vector<float> without_details(const float* picture, int height, int width, int details);

}  // namespace scumble

// Bilinear enlargement where the corners are the same points, and its adjoint. Output i of n lies at
// i (m - 1) / (n - 1) among m; along a row the remainder is carried along, because a division for each pixel would
// cost more than the rest.
#include "simd.h"

#include "laplacian.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

struct Tap {
  int at;
  float share;  // of the pixel after that
};

// Of a row.
Tap tap(int i, int n, int m) {
  if (n == 1) return {0, 0};
  const int64_t way = static_cast<int64_t>(i) * (m - 1);
  return {static_cast<int>(way / (n - 1)), static_cast<float>(way % (n - 1)) / static_cast<float>(n - 1)};
}

// Of the pixels of a row, one after the other.
class Walk {
 public:
  Walk(int n, int m) : step_(m - 1), whole_(n - 1), scale_(n > 1 ? 1.0f / static_cast<float>(n - 1) : 0) {}

  int at() const { return at_; }
  float share() const { return static_cast<float>(way_) * scale_; }
  void on() {
    way_ += step_;
    if (way_ < whole_) return;
    way_ -= whole_;
    ++at_;
  }

 private:
  int step_;
  int whole_;
  float scale_;
  int at_ = 0;
  int way_ = 0;
};

}  // namespace

void laplacian_up(const float* half, int half_height, int half_width, const float* detail, float* to,
                  int height, int width, int y0, int y1) {
  const ptrdiff_t half_row = static_cast<ptrdiff_t>(half_width) * 3;
  for (int y = y0; y < y1; ++y) {
    const Tap v = tap(y, height, half_height);
    const float* upper = half + v.at * half_row;
    const float* lower = v.at + 1 < half_height ? upper + half_row : upper;
    const ptrdiff_t row = static_cast<ptrdiff_t>(y) * width * 3;
    Walk walk(width, half_width);
    for (int x = 0; x < width; ++x, walk.on()) {
      const ptrdiff_t left = static_cast<ptrdiff_t>(walk.at()) * 3;
      const ptrdiff_t right = walk.at() + 1 < half_width ? left + 3 : left;
      const float share = walk.share();
      for (ptrdiff_t c = 0; c < 3; ++c) {
        const float above = (1 - share) * upper[left + c] + share * upper[right + c];
        const float below = (1 - share) * lower[left + c] + share * lower[right + c];
        const ptrdiff_t i = row + static_cast<ptrdiff_t>(x) * 3 + c;
        to[i] = detail[i] + ((1 - v.share) * above + v.share * below);
      }
    }
  }
}

void laplacian_up_back(const float* gradient, int height, int width, float* to, int half_height,
                       int half_width, int y0, int y1) {
  const ptrdiff_t half_row = static_cast<ptrdiff_t>(half_width) * 3;
  for (int half_y = y0; half_y < y1; ++half_y) {
    float* here = to + half_y * half_row;
    for (ptrdiff_t i = 0; i < half_row; ++i) here[i] = 0;
    // The rows that lie less than one away.
    const int64_t step = half_height - 1;
    const int first =
        half_y == 0 ? 0 : static_cast<int>((half_y - 1) * static_cast<int64_t>(height - 1) / step) + 1;
    for (int y = first; y < height; ++y) {
      const Tap v = tap(y, height, half_height);
      if (v.at > half_y) break;
      const float weight = v.at == half_y ? 1 - v.share : v.share;
      const float* from = gradient + static_cast<ptrdiff_t>(y) * width * 3;
      Walk walk(width, half_width);
      for (int x = 0; x < width; ++x, walk.on()) {
        const ptrdiff_t left = static_cast<ptrdiff_t>(walk.at()) * 3;
        const ptrdiff_t right = walk.at() + 1 < half_width ? left + 3 : left;
        const float share = walk.share();
        for (ptrdiff_t c = 0; c < 3; ++c) {
          const float value = weight * from[static_cast<ptrdiff_t>(x) * 3 + c];
          here[left + c] += (1 - share) * value;
          here[right + c] += share * value;
        }
      }
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

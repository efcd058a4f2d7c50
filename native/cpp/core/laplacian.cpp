#include "laplacian.h"

#include <algorithm>
#include <cstdint>

namespace scumble {
namespace {

// Where output i of n lies among m: at a share of the way from `at` to `next`.
struct Tap {
  size_t at;
  size_t next;
  float share;
};

Tap tap(int i, int n, int m) {
  if (n == 1) return {0, 0, 0};
  const int64_t way = static_cast<int64_t>(i) * (m - 1);
  const int64_t at = way / (n - 1);
  return {static_cast<size_t>(at), static_cast<size_t>(std::min<int64_t>(at + 1, m - 1)),
          static_cast<float>(way % (n - 1)) / static_cast<float>(n - 1)};
}

// visit(index of a float of `to`, what the picture of the size `of` has there)
template <typename Visit>
void each_bilinear(const float* from, const PyramidLevel& of, const PyramidLevel& to, const Visit& visit) {
  const size_t row = static_cast<size_t>(of.width) * 3;
  size_t i = 0;
  for (int y = 0; y < to.height; ++y) {
    const Tap v = tap(y, to.height, of.height);
    const float* upper = from + v.at * row;
    const float* lower = from + v.next * row;
    for (int x = 0; x < to.width; ++x) {
      const Tap h = tap(x, to.width, of.width);
      for (size_t c = 0; c < 3; ++c) {
        const size_t left = h.at * 3 + c;
        const size_t right = h.next * 3 + c;
        const float above = (1 - h.share) * upper[left] + h.share * upper[right];
        const float below = (1 - h.share) * lower[left] + h.share * lower[right];
        visit(i++, (1 - v.share) * above + v.share * below);
      }
    }
  }
}

}  // namespace

Pyramid::Pyramid(int height, int width, int details) : levels_{{height, width, 0}} {
  for (int i = 0; i < details && add(); ++i) {
  }
}

Pyramid::Pyramid(const Shape& picture, const Shape& coefficients)
    : levels_{{picture.height, picture.width, 0}} {
  while (elements() < coefficients.elements() && add()) {
  }
}

bool Pyramid::add() {
  const PyramidLevel& last = levels_.back();
  if (last.height == 1 && last.width == 1) return false;
  levels_.push_back({std::max(1, last.height / 2), std::max(1, last.width / 2), elements()});
  return true;
}

Shape Pyramid::between() const {
  const size_t begin = levels_.size() > 1 ? levels_[1].offset : 0;
  return {3, 1, static_cast<int>((levels_.back().offset - begin) / 3)};
}

std::vector<float> Pyramid::analyse(const float* picture) const {
  std::vector<float> coefficients(elements());
  std::copy_n(picture, levels_[0].elements(), coefficients.begin());
  for (size_t l = 0; l + 1 < levels_.size(); ++l) {
    float* here = coefficients.data() + levels_[l].offset;
    float* half = coefficients.data() + levels_[l + 1].offset;
    each_bilinear(here, levels_[l], levels_[l + 1], [&](size_t i, float value) { half[i] = value; });
    each_bilinear(half, levels_[l + 1], levels_[l], [&](size_t i, float value) { here[i] -= value; });
  }
  return coefficients;
}

std::vector<float> Pyramid::synthesise(const std::vector<float>& coefficients) const {
  const auto values = [&](const PyramidLevel& level) {
    const float* begin = coefficients.data() + level.offset;
    return std::vector<float>(begin, begin + level.elements());
  };
  std::vector<float> picture = values(levels_.back());
  for (size_t l = levels_.size() - 1; l-- > 0;) {
    std::vector<float> finer = values(levels_[l]);
    each_bilinear(picture.data(), levels_[l + 1], levels_[l],
                  [&](size_t i, float value) { finer[i] += value; });
    picture = std::move(finer);
  }
  return picture;
}

std::vector<float> finest_detail(const float* picture, int height, int width) {
  const Pyramid pyramid(height, width, 1);
  std::vector<float> detail = pyramid.analyse(picture);
  if (pyramid.levels().size() == 1) return std::vector<float>(detail.size());
  detail.resize(pyramid.levels()[0].elements());
  return detail;
}

std::vector<float> without_details(const float* picture, int height, int width, int details) {
  const Pyramid pyramid(height, width, details);
  std::vector<float> coefficients = pyramid.analyse(picture);
  std::fill_n(coefficients.begin(), pyramid.levels().back().offset, 0.0f);
  return pyramid.synthesise(coefficients);
}

}  // namespace scumble

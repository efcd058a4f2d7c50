// White noise: independent normal values around a mean colour. Every value depends only on the seed and its
// place, so any part of any picture can be made alone.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace scumble {

// SplitMix64's output function (Steele, Lea, Flood 2014): a bijection that scrambles a counter.
inline uint64_t scramble(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// width * height * 3 values; Box-Muller on two uniform numbers each.
inline std::vector<float> white_noise(int width, int height, const std::array<float, 3>& mean,
                                      float deviation, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
  const uint64_t stream = scramble(seed + kStep);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t bits = scramble(stream + kStep * (i + 1));
    const double u = (static_cast<double>(bits >> 32) + 0.5) * 0x1p-32;
    const double v = static_cast<double>(bits & 0xffffffffu) * 0x1p-32;
    const double normal = std::sqrt(-2 * std::log(u)) * std::cos(2 * 3.14159265358979323846 * v);
    values[i] = mean[i % 3] + deviation * static_cast<float>(normal);
  }
  return values;
}

}  // namespace scumble

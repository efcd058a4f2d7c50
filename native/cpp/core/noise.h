// Noise: independent values, normal around a mean colour or uniform. Every value depends only on the seed and its place,
// so any part of any picture can be made alone.
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

constexpr uint64_t kNoiseStep = 0x9e3779b97f4a7c15u;

// value(bits of the place, channel) for width * height * 3 places.
template <typename Value>
std::vector<float> noise(int width, int height, uint64_t seed, const Value& value) {
  std::vector<float> values(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  const uint64_t stream = scramble(seed + kNoiseStep);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = value(scramble(stream + kNoiseStep * (i + 1)), i % 3);
  return values;
}

// Box-Muller on two uniform numbers.
inline float normal_of(uint64_t bits) {
  const double u = (static_cast<double>(bits >> 32) + 0.5) * 0x1p-32;
  const double v = static_cast<double>(bits & 0xffffffffu) * 0x1p-32;
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * 3.14159265358979323846 * v));
}

inline std::vector<float> white_noise(int width, int height, const std::array<float, 3>& mean,
                                      float deviation, uint64_t seed) {
  return noise(width, height, seed,
               [&](uint64_t bits, size_t channel) { return mean[channel] + deviation * normal_of(bits); });
}

// In [low, high).
inline std::vector<float> uniform_noise(int width, int height, float low, float high, uint64_t seed) {
  return noise(width, height, seed, [&](uint64_t bits, size_t) {
    const float value = low + (high - low) * static_cast<float>(bits >> 40) * 0x1p-24f;
    return value < high ? value : low;  // it may round up
  });
}

// A normal distribution cut off: what is outside [low, high] is drawn again, and held to it in the end.
inline std::vector<float> truncated_noise(int width, int height, const std::array<float, 3>& mean,
                                          const std::array<float, 3>& deviation, float low, float high,
                                          uint64_t seed) {
  constexpr int kDraws = 100;
  return noise(width, height, seed, [&](uint64_t bits, size_t channel) {
    float value = mean[channel];
    for (int draw = 0; draw < kDraws; ++draw, bits = scramble(bits + kNoiseStep)) {
      value = mean[channel] + deviation[channel] * normal_of(bits);
      if (value >= low && value <= high) return value;
    }
    return value < low ? low : high;
  });
}

}  // namespace scumble

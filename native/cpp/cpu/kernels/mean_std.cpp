// Channel sums for means and deviations. They are taken in double from the first: a variance is a small
// difference of large sums.
#include "simd.h"

#include "mean_std.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {

void channel_sums(const Tensor& features, const float* guide, int c0, int c1, int y0, int y1, double* sums) {
  for (int c = c0; c < c1; c += kWidth) {
    const int left = c1 - c;
    DoubleVec first{};
    DoubleVec second{};
    for (int y = y0; y < y1; ++y) {
      const float* from = features.pixel(y, 0) + c;
      if (guide) {
        const float* weights = guide + static_cast<ptrdiff_t>(y) * features.width;
        for (int x = 0; x < features.width; ++x, from += features.channels) {
          const DoubleVec value = widen(load(from, left));
          const double weight = static_cast<double>(weights[x]) * static_cast<double>(weights[x]);
          first += value * weight;
          second += value * value * weight;
        }
      } else {
        for (int x = 0; x < features.width; ++x, from += features.channels) {
          const DoubleVec value = widen(load(from, left));
          first += value;
          second += value * value;
        }
      }
    }
    const int lanes = left < kWidth ? left : kWidth;
    for (int k = 0; k < lanes; ++k) {
      sums[c + k] += first[k];
      sums[features.channels + c + k] += second[k];
    }
  }
}

void mean_std_back(const Tensor& in, const float* mean, const float* by_mean, const float* by_deviation,
                   const float* guide, const Tensor& out, const float* mask, bool accumulate, int y0,
                   int y1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < in.width; ++x) {
      const float* from = in.pixel(y, x);
      float* to = out.pixel(y, x);
      const float* open = mask ? mask + (to - out.at) : nullptr;
      float weight = 1;
      if (guide) {
        const float g = guide[static_cast<ptrdiff_t>(y) * in.width + x];
        weight = g * g;
      }
      for (int c = 0; c < in.channels; c += kWidth) {
        const int left = in.channels - c;
        const Vec away = load(from + c, left) - load(mean + c, left);
        Vec value = load(by_mean + c, left) + load(by_deviation + c, left) * away;
        if (guide) value *= splat(weight);
        if (accumulate) value += load(to + c, left);
        if (open) value = keep(load(open + c, left) > Vec{}, value);
        store(to + c, value, left);
      }
    }
  }
  clear_border(out, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

// Histograms of channels and what follows from them. A value counts for the two points that it lies between,
// by nearness: ranks then move smoothly with values, and rounding cannot tip one into another bin.
#include "simd.h"

#include "histogram.h"

#include "border.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

// Where a value lies among the points: after the one at `index`, by `share` of the way to the next.
struct Neighbours {
  int index;
  float share;

  // `steps`: points per unit; 0 where all values are the same. What is not a number lies at the start.
  Neighbours(float value, float low, float steps, int bins) {
    const float at = (value - low) * steps;
    const float last = static_cast<float>(bins - 1);
    const float held = at > 0 ? (at < last ? at : last) : 0;
    index = static_cast<int>(held);
    if (index > bins - 2) index = bins - 2;
    share = held - static_cast<float>(index);
  }
};

float steps_of(float low, float high, int bins) {
  return high > low ? static_cast<float>(bins - 1) / (high - low) : 0;
}

}  // namespace

void channel_range(const Tensor& features, int c0, int c1, int y0, int y1, float* low, float* high) {
  for (int c = c0; c < c1; c += kWidth) {
    const int left = c1 - c;
    Vec least = load(low + c, left);
    Vec most = load(high + c, left);
    for (int y = y0; y < y1; ++y) {
      const float* from = features.pixel(y, 0) + c;
      for (int x = 0; x < features.width; ++x, from += features.channels) {
        const Vec value = load(from, left);
        least = value < least ? value : least;
        most = value > most ? value : most;
      }
    }
    store(low + c, least, left);
    store(high + c, most, left);
  }
}

void histogram_counts(const Tensor& features, const float* low, const float* high, int bins, int c0, int c1,
                      int y0, int y1, double* counts) {
  const ptrdiff_t channels = features.channels;
  for (int c = c0; c < c1; ++c) {
    const float steps = steps_of(low[c], high[c], bins);
    for (int y = y0; y < y1; ++y) {
      const float* from = features.pixel(y, 0) + c;
      for (int x = 0; x < features.width; ++x, from += channels) {
        const Neighbours between(*from, low[c], steps, bins);
        double* to = counts + between.index * channels + c;
        to[0] += 1 - static_cast<double>(between.share);
        to[channels] += static_cast<double>(between.share);
      }
    }
  }
}

double histogram_back(const Tensor& in, const float* low, const float* high, const float* map, int bins,
                      const Tensor& out, const float* mask, bool accumulate, float scale, int y0, int y1) {
  const ptrdiff_t channels = in.channels;
  double total = 0;
  for (int c = 0; c < in.channels; ++c) {
    const float steps = steps_of(low[c], high[c], bins);
    for (int y = y0; y < y1; ++y) {
      const float* from = in.pixel(y, 0) + c;
      float* to = out.pixel(y, 0) + c;
      for (int x = 0; x < in.width; ++x, from += channels, to += channels) {
        const Neighbours between(*from, low[c], steps, bins);
        const float* around = map + between.index * channels + c;
        const float away = *from - (around[0] + between.share * (around[channels] - around[0]));
        total += static_cast<double>(away) * static_cast<double>(away);
        float value = scale * away;
        if (accumulate) value += *to;
        if (mask && !(mask[to - out.at] > 0)) value = 0;
        *to = value;
      }
    }
  }
  clear_border(out, y0, y1);
  return total;
}

}  // namespace scumble::cpu::SCUMBLE_ISA

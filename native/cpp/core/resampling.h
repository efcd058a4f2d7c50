// How a picture gets another size: along each side in turn, an output sample is a weighted mean of input samples. The
// filters are those by which programs make their pictures: see lib/options/topics/resizing.ts.
#pragma once

#include <cmath>

#ifdef __CUDACC__
#define SCUMBLE_DEVICE __host__ __device__
#else
#define SCUMBLE_DEVICE
#endif

namespace scumble {

enum class Filter {
  lanczos,      // three lobes
  cubic,        // Keys 1981 with a = -1/2
  sharp_cubic,  // with a = -3/4; beyond the edge is the edge
  triangle,     // linear
  box,  // the mean over an output sample's share; when enlarging, linear between corners that stay corners
};

// Cubics and Lanczos overshoot at edges: the result is held to [low, high].
struct Resampling {
  float low;
  float high;
  Filter filter = Filter::lanczos;
};

// An output sample i of `to` over `from` input samples: those it looks at, [begin, end), and what they weigh before their
// sum is made 1. Sample centres are aligned ((i + 1/2) / size) and the filter is widened when shrinking, so that nothing
// aliases; samples beyond the edge do not exist unless said otherwise.
struct Taps {
  Filter filter;
  int from;
  double centre;   // in input samples
  double stretch;  // input samples to the filter's unit
  int begin;
  int end;
  bool corners;  // between two input samples

  SCUMBLE_DEVICE Taps(Filter filter, int i, int from, int to)
      : filter(filter), from(from), corners(filter == Filter::box && to >= from) {
    const double scale = static_cast<double>(from) / to;
    stretch = scale > 1 ? scale : 1;
    centre = corners ? (to > 1 ? i * static_cast<double>(from - 1) / (to - 1) : 0) + 0.5 : (i + 0.5) * scale;
    const int low = first();
    const int high = last();
    begin = low > 0 ? low : 0;
    end = high < from ? high : from;
  }

  SCUMBLE_DEVICE double weight(int k) const {
    double sum = value(k);
    if (filter != Filter::sharp_cubic) return sum;
    if (k == 0) {
      for (int beyond = first(); beyond < 0; ++beyond) sum += value(beyond);
    }
    if (k == from - 1) {
      for (int beyond = from; beyond < last(); ++beyond) sum += value(beyond);
    }
    return sum;
  }

 private:
  SCUMBLE_DEVICE double radius() const {
    switch (filter) {
      case Filter::lanczos:
        return 3;
      case Filter::cubic:
      case Filter::sharp_cubic:
        return 2;
      case Filter::box:
        return corners ? 1 : 0.5;
      case Filter::triangle:
        break;
    }
    return 1;
  }
  SCUMBLE_DEVICE int first() const { return static_cast<int>(std::floor(centre - radius() * stretch)); }
  SCUMBLE_DEVICE int last() const { return static_cast<int>(std::ceil(centre + radius() * stretch)); }

  SCUMBLE_DEVICE double value(int k) const {
    const double x = std::fabs((k + 0.5 - centre) / stretch);
    switch (filter) {
      case Filter::lanczos:
        return lanczos(x);
      case Filter::cubic:
        return cubic(x, -0.5);
      case Filter::sharp_cubic:
        return cubic(x, -0.75);
      case Filter::box:
        return corners ? triangle(x) : overlap(k);
      case Filter::triangle:
        break;
    }
    return triangle(x);
  }

  // What lies of the input sample k in the output sample.
  SCUMBLE_DEVICE double overlap(int k) const {
    const double low = centre - stretch / 2;
    const double high = centre + stretch / 2;
    const double from_here = k > low ? k : low;
    const double to_here = k + 1 < high ? k + 1 : high;
    return to_here > from_here ? to_here - from_here : 0;
  }

  SCUMBLE_DEVICE static double triangle(double x) { return x < 1 ? 1 - x : 0; }

  SCUMBLE_DEVICE static double cubic(double x, double a) {
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((x - 5) * x + 8) * x * a - 4 * a;
    return 0;
  }

  SCUMBLE_DEVICE static double lanczos(double x) {
    constexpr double kLobes = 3;
    if (x == 0) return 1;
    if (x >= kLobes) return 0;
    const double p = 3.14159265358979323846 * x;
    return kLobes * std::sin(p) * std::sin(p / kLobes) / (p * p);
  }
};

}  // namespace scumble

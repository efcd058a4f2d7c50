// Where a value lies in a histogram, wherever that is asked.
#pragma once

#include "../../cpp/core/shape.h"
#include "elements.h"

namespace scumble::cuda {

// Points of a histogram of this shape, beside the lowest and the highest values.
inline int points_of(const Shape& histogram) {
  return histogram.height - 2;
}

// Where a value lies among the points: after the one at `index`, by `share` of the way to the next.
struct Place {
  int index;
  float share;

  // `steps`: points per unit; 0 where all values are the same. What is not a number lies at the start.
  __device__ Place(float value, float low, float steps, int points) {
    const float at = (value - low) * steps;
    const float last = static_cast<float>(points - 1);
    const float held = at > 0 ? (at < last ? at : last) : 0;
    index = min(static_cast<int>(held), points - 2);
    share = held - static_cast<float>(index);
  }
};

__device__ inline float steps_of(float low, float high, int points) {
  return high > low ? static_cast<float>(points - 1) / (high - low) : 0;
}

}  // namespace scumble::cuda

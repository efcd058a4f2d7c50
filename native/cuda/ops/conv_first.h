// The network's first convolution has three channels, and its gradient gives three: too few for the tiles of
// product.h. Their weights stay float32 in every precision, because arithmetic on three channels is not what
// takes the time. A later convolution of three channels is one like any other.
#pragma once

#include "elements.h"
#include "kernels.h"

namespace scumble::cuda {

constexpr int kFirstChannels = 3;

// Forward: [tap][channel][padded outputs]. A thread reads eight outputs' weights of one channel.
constexpr size_t first_weights(int outputs) {
  return static_cast<size_t>(9 * kFirstChannels) * static_cast<size_t>(padded(outputs));
}
constexpr size_t first_index(int channel, int tap, int output, int outputs) {
  return static_cast<size_t>(tap * kFirstChannels + channel) * static_cast<size_t>(padded(outputs)) +
         static_cast<size_t>(output);
}

// Backward: [four channels of the gradient][tap][output, one of three][channel of the four].
constexpr size_t first_back_weights(int channels) {
  return static_cast<size_t>(padded(channels)) * 9 * kFirstChannels;
}
__host__ __device__ constexpr size_t first_back_index(int channel, int tap, int output) {
  return static_cast<size_t>(((channel / 4 * 9 + tap) * kFirstChannels + output) * 4 + channel % 4);
}

// What the kernels that make it have in common. A pixel of the network's input, or of what pads it:
template <typename E>
__device__ __forceinline__ Vec<float> first_pixel(const Convolution& c, int y, int x) {
  if (c.replicate) {
    y = min(max(y, 0), c.in.height - 1);
    x = min(max(x, 0), c.in.width - 1);
  }
  Vec<float> pixel;
  if (y >= 0 && y < c.in.height && x >= 0 && x < c.in.width) {
    const Vec<E> values =
        load(static_cast<const E*>(c.in.at) + pixel_index(y, x, c.in.width) * kChannelAlign);
#pragma unroll
    for (int i = 0; i < kFirstChannels; ++i) pixel.at[i] = values.at[i];
  }
  return pixel;
}

// Adds the products of kPixels neighbouring pixels and eight outputs. `patch`: where the first of them has
// its upper left tap, in pixels of four floats, kPitch a row; `weights`: [tap][channel][kOutputs] from the
// outputs on. Every kernel sums in this order, so all make the same.
template <int kPixels, int kPitch, int kOutputs>
__device__ __forceinline__ void add_first(const float* patch, const float* weights,
                                          float (&sums)[kPixels][8]) {
#pragma unroll 1
  for (int dy = 0; dy < 3; ++dy) {
    Vec<float> pixels[kPixels + 2];
#pragma unroll
    for (int i = 0; i < kPixels + 2; ++i) pixels[i] = load(patch + (dy * kPitch + i) * 4);
#pragma unroll
    for (int dx = 0; dx < 3; ++dx) {
#pragma unroll
      for (int c = 0; c < kFirstChannels; ++c) {
        const float* const from = weights + ((dy * 3 + dx) * kFirstChannels + c) * kOutputs;
#pragma unroll
        for (int half = 0; half < 8; half += 4) {
          const Vec<float> w = load(from + half);
#pragma unroll
          for (int i = 0; i < kPixels; ++i) {
#pragma unroll
            for (int n = 0; n < 4; ++n) sums[i][half + n] += pixels[i + dx].at[c] * w.at[n];
          }
        }
      }
    }
  }
}

void convolve_first(const Convolution& convolution, Arithmetic precision, cudaStream_t stream);
// With `replicate`, what flows to the border is added to the nearest pixel.
void convolve_first_back(const Convolution& convolution, Arithmetic precision, cudaStream_t stream);

}  // namespace scumble::cuda

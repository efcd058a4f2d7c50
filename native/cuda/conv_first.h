// The first convolution has three channels, and its gradient gives three: too few for the tiles of product.h.
// Their weights stay float32 in every precision, because arithmetic on three channels is not what takes the
// time.
#pragma once

#include "elements.h"
#include "kernels.h"

namespace scumble::cuda {

constexpr int kFirstChannels = 3;

// Forward: [tap][channel][padded outputs]. A thread reads eight outputs' weights of one channel.
constexpr size_t first_weights(int outputs) {
  return static_cast<size_t>(9 * kFirstChannels) * static_cast<size_t>(padded(outputs));
}
constexpr size_t first_place(int channel, int tap, int output, int outputs) {
  return static_cast<size_t>(tap * kFirstChannels + channel) * static_cast<size_t>(padded(outputs)) +
         static_cast<size_t>(output);
}

// Backward: [four channels of the gradient][tap][output, one of three][channel of the four].
constexpr size_t first_back_weights(int channels) {
  return static_cast<size_t>(padded(channels)) * 9 * kFirstChannels;
}
__host__ __device__ constexpr size_t first_back_place(int channel, int tap, int output) {
  return static_cast<size_t>(((channel / 4 * 9 + tap) * kFirstChannels + output) * 4 + channel % 4);
}

void convolve_first(const Convolution& convolution, Precision precision, cudaStream_t stream);

}  // namespace scumble::cuda

// Which convolutions Winograd's algorithm takes on CUDA, and what it needs for them.
#pragma once

#include "operands.h"

namespace scumble::cuda {

constexpr int kWinogradPoints = 36;

// In float32. Below, transforming costs more than it saves.
constexpr bool winograd_takes(int channels, int outputs) {
  return channels >= 32 && outputs >= 32;
}

size_t winograd_weight_bytes(int channels, int outputs);
// Of weight [channel][output][tap].
void winograd_weights(const float* weight, int channels, int outputs, float* packed);

// Memory for tiles on their way, as much as keeps them in a large card's L2 cache; 128 tiles are the
// least.
size_t winograd_scratch_bytes(int channels, int outputs, int height, int width);
void launch_winograd(const Product& p, void* scratch, size_t scratch_bytes, cudaStream_t stream);

}  // namespace scumble::cuda

// The network's first convolution: three channels in, with zero or replicate padding. Bound by writing its
// output.
//
// A block takes 8 x 16 pixels and 64 outputs: the tile's pixels with a border of one as float4 (the fourth
// unused) and the block's weights go to shared memory, 10 KB. A thread makes 4 pixels of a row times 8
// outputs, so that per row of taps six pixels and 18 float4 of weights serve 288 multiply-adds, and it stores
// 16 bytes (bfloat16) or 32 per pixel; eight neighbouring threads store a pixel's 64 outputs.
#include "../ptx/ptx.h"
#include "conv_first.h"
#include "launch.h"

namespace scumble::cuda {
namespace {

constexpr int kRows = 8;
constexpr int kColumns = 16;
constexpr int kOutputs = 64;
constexpr int kPatchColumns = kColumns + 2;
constexpr int kPatchPixels = (kRows + 2) * kPatchColumns;
constexpr int kWeightRows = 9 * kFirstChannels;
constexpr size_t kShared = sizeof(float) * (kPatchPixels * 4 + kWeightRows * kOutputs);

template <typename E>
__global__ void __launch_bounds__(kThreads, 2) conv_first(const Convolution p, int across, int columns) {
  float* const patch = shared_memory<float>();
  float* const weights = patch + kPatchPixels * 4;
  const int outputs = padded(p.out.channels);
  const int index = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(blockIdx.x);
  const int output0 = block % across * kOutputs;
  const int y0 = block / across / columns * kRows;
  const int x0 = block / across % columns * kColumns;

  for (int i = index; i < kPatchPixels; i += kThreads) {
    store(patch + i * 4, first_pixel<E>(p, y0 + i / kPatchColumns - 1, x0 + i % kPatchColumns - 1));
  }
  for (int i = index; i < kWeightRows * kOutputs; i += kThreads) {
    const int output = output0 + i % kOutputs;
    weights[i] = output < outputs ? static_cast<const float*>(p.weights)[i / kOutputs * outputs + output] : 0;
  }
  __syncthreads();

  const int of_thread = index % (kOutputs / 8) * 8;
  const int column = index / (kOutputs / 8) % (kColumns / 4) * 4;
  const int row = index / (kOutputs / 8) / (kColumns / 4);
  float sums[4][8];
#pragma unroll
  for (int n = 0; n < 8; ++n) {
    const float bias = output0 + of_thread < outputs ? p.bias[output0 + of_thread + n] : 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) sums[i][n] = bias;
  }
  add_first<4, kPatchColumns, kOutputs>(patch + (row * kPatchColumns + column) * 4, weights + of_thread,
                                        sums);

  const int y = y0 + row;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int x = x0 + column + i;
    if (y >= p.out.height || x >= p.out.width || output0 + of_thread >= outputs) continue;
    E* const to = static_cast<E*>(p.out.at) + pixel_index(y, x, p.out.width) * static_cast<size_t>(outputs) +
                  output0 + of_thread;
#pragma unroll
    for (int first = 0; first < 8; first += kLanes<E>) {
      Vec<E> values;
#pragma unroll
      for (int n = 0; n < kLanes<E>; ++n) {
        const float v = sums[i][first + n];
        values.at[n] = p.relu && v < 0 ? 0 : v;  // keeps a NaN
      }
      store(to + first, values);
    }
  }
}

}  // namespace

void convolve_first(const Convolution& p, Arithmetic precision, cudaStream_t stream) {
  const int across = (padded(p.out.channels) + kOutputs - 1) / kOutputs;
  const int columns = (p.out.width + kColumns - 1) / kColumns;
  const int rows = (p.out.height + kRows - 1) / kRows;
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(conv_first<E>, dim3(static_cast<unsigned>(across * columns * rows)), dim3(kThreads), kShared,
           stream, p, across, columns);
  });
}

}  // namespace scumble::cuda

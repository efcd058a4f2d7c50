// The gradient of the network's input: all of the first convolution's channels in, three out. What is read is
// large (64 channels), what is written small; arithmetic in float32 takes about as long as reading.
//
// A block takes 16 x 32 pixels. Sixteen channels at a time, the tile's pixels with a border of one go to
// shared memory as float, four planes of four channels (16 bytes per pixel: neighbouring lanes are on
// neighbouring banks), and with them the weights. A thread makes 4 pixels of a column times 3 outputs: per
// column of taps it reads six pixels and nine float4 of weights, the same for all lanes, for 144
// multiply-adds, so that reading shared memory takes as long as they do.
//
// With replicate padding the forward convolution read the nearest pixel where there was none, so what flows
// to a pixel outside goes to the nearest pixel: pixels at the edge gather that too, from memory, after the
// tile.
#include "../ptx/ptx.h"
#include "conv_first.h"
#include "launch.h"

namespace scumble::cuda {
namespace {

constexpr int kThreadsOfTile = 128;
constexpr int kRows = 16;
constexpr int kColumns = 32;
constexpr int kPatchColumns = kColumns + 2;
constexpr int kPatchPixels = (kRows + 2) * kPatchColumns;
constexpr int kPlanes = 4;  // of four channels
constexpr int kWeightsOfPlane = 9 * kFirstChannels * 4;
constexpr size_t kShared = sizeof(float) * kPlanes * (kPatchPixels * 4 + kWeightsOfPlane);

// Adds what flows of the gradient to the pixel (y, x), which may lie outside by one. It is read from memory.
template <typename E>
__device__ void add_flow(const Convolution& p, int y, int x, float (&sums)[kFirstChannels]) {
  const int channels = padded(p.in.channels);
  for (int tap = 0; tap < 9; ++tap) {
    const int sy = y + tap / 3 - 1;
    const int sx = x + tap % 3 - 1;
    if (sy < 0 || sy >= p.in.height || sx < 0 || sx >= p.in.width) continue;
    const E* const from =
        static_cast<const E*>(p.in.at) + pixel_index(sy, sx, p.in.width) * static_cast<size_t>(channels);
    for (int c = 0; c < channels; c += kLanes<E>) {
      const Vec<E> values = load(from + c);
#pragma unroll
      for (int k = 0; k < kLanes<E>; ++k) {
#pragma unroll
        for (int n = 0; n < kFirstChannels; ++n) {
          sums[n] += values.at[k] * static_cast<const float*>(p.weights)[first_back_index(c + k, tap, n)];
        }
      }
    }
  }
}

template <typename E>
__global__ void __launch_bounds__(kThreadsOfTile, 4) conv_first_back(const Convolution p, int columns) {
  float* const patch = shared_memory<float>();
  float* const weights = patch + kPlanes * kPatchPixels * 4;
  const int channels = padded(p.in.channels);
  const int index = static_cast<int>(threadIdx.x);
  const int y0 = static_cast<int>(blockIdx.x) / columns * kRows;
  const int x0 = static_cast<int>(blockIdx.x) % columns * kColumns;
  const int row = index / kColumns * 4;
  const int column = index % kColumns;
  float sums[4][kFirstChannels] = {};

#pragma unroll 1
  for (int first = 0; first < channels; first += 4 * kPlanes) {
    const int planes = min(kPlanes, (channels - first) / 4);
    constexpr int kVectors = 4 * kPlanes / kLanes<E>;  // of a pixel, this time round
    __syncthreads();
#pragma unroll 1
    for (int i = index; i < kPatchPixels * kVectors; i += kThreadsOfTile) {
      const int pixel = i / kVectors;
      const int channel = i % kVectors * kLanes<E>;
      const int y = y0 + pixel / kPatchColumns - 1;
      const int x = x0 + pixel % kPatchColumns - 1;
      Vec<E> values;
      if (y >= 0 && y < p.in.height && x >= 0 && x < p.in.width && first + channel < channels) {
        values = load(static_cast<const E*>(p.in.at) +
                      pixel_index(y, x, p.in.width) * static_cast<size_t>(channels) + first + channel);
      }
#pragma unroll
      for (int k = 0; k < kLanes<E>; k += 4) {
        store(patch + ((channel + k) / 4 * kPatchPixels + pixel) * 4,
              Vec<float>{{values.at[k], values.at[k + 1], values.at[k + 2], values.at[k + 3]}});
      }
    }
    for (int i = index; i < planes * kWeightsOfPlane; i += kThreadsOfTile) {
      weights[i] = static_cast<const float*>(p.weights)[first / 4 * kWeightsOfPlane + i];
    }
    __syncthreads();
#pragma unroll 1
    for (int plane = 0; plane < planes; ++plane) {
#pragma unroll 1
      for (int dx = 0; dx < 3; ++dx) {
        const float* const from = patch + (plane * kPatchPixels + row * kPatchColumns + column + dx) * 4;
        Vec<float> pixels[6];
#pragma unroll
        for (int i = 0; i < 6; ++i) pixels[i] = load(from + i * kPatchColumns * 4);
#pragma unroll
        for (int dy = 0; dy < 3; ++dy) {
#pragma unroll
          for (int n = 0; n < kFirstChannels; ++n) {
            const Vec<float> w = load(weights + ((plane * 9 + dy * 3 + dx) * kFirstChannels + n) * 4);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
#pragma unroll
              for (int c = 0; c < 4; ++c) sums[i][n] += pixels[i + dy].at[c] * w.at[c];
            }
          }
        }
      }
    }
  }

  const int height = p.out.height;
  const int width = p.out.width;
  const int x = x0 + column;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int y = y0 + row + i;
    if (y >= height || x >= width) continue;
    if (p.replicate && (y == 0 || y == height - 1 || x == 0 || x == width - 1)) {
      for (int ty = y - (y == 0); ty <= y + (y == height - 1); ++ty) {
        for (int tx = x - (x == 0); tx <= x + (x == width - 1); ++tx) {
          if (ty != y || tx != x) add_flow<E>(p, ty, tx, sums[i]);
        }
      }
    }
    const size_t at = pixel_index(y, x, width) * kChannelAlign;
    E* const to = static_cast<E*>(p.out.at) + at;
    const E* const mask = p.mask ? static_cast<const E*>(p.mask) + at : nullptr;
#pragma unroll
    for (int first = 0; first < kChannelAlign; first += kLanes<E>) {
      Vec<E> values;
#pragma unroll
      for (int n = first; n < kFirstChannels; ++n) values.at[n] = sums[i][n];
      store_gradient(to + first, values, p.accumulate, mask ? mask + first : nullptr);
    }
  }
}

}  // namespace

void convolve_first_back(const Convolution& p, Arithmetic precision, cudaStream_t stream) {
  const int columns = (p.out.width + kColumns - 1) / kColumns;
  const int rows = (p.out.height + kRows - 1) / kRows;
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(conv_first_back<E>, dim3(static_cast<unsigned>(columns * rows)), dim3(kThreadsOfTile), kShared,
           stream, p, columns);
  });
}

}  // namespace scumble::cuda

// The 3x3 convolution in float32 by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2015, "Fast
// Algorithms for Convolutional Neural Networks"), as cpu/kernels/winograd.cpp makes it and with its points: a
// tile of 4 x 4 outputs costs 36 multiplications per pair of channels instead of 144.
//
// Three kernels, over as many tiles at a time as fit kMostScratch, so that what passes between them stays in
// a large card's L2 cache:
// - tiles of 6 x 6 pixels to 36 points, V [point][tile][channel]; a thread makes four channels of a tile;
// - at each point a product of tiles x channels and channels x outputs, M [point][tile][output], by
//   product_simt.h, where a row of 16 tiles is a row of pixels, and every point has rows and weights of its
//   own;
// - 36 points to 4 x 4 outputs, with what every product ends with; a thread makes four outputs of a tile.
// The kernels' transforms are made once per network, four times the weights; making them anew each time would
// be a twentieth of an iteration.
//
// On paper, of an H100 at 512 x 512: a quarter of the direct convolution's 3.1 ms of arithmetic, 0.8 ms, and
// 2.25 elements written and read per element of input and of output, 0.5 ms at 4 TB/s.
#include <algorithm>
#include <cmath>

#include "launch.h"
#include "product_simt.h"
#include "winograd.h"

namespace scumble::cuda {
namespace {

constexpr size_t kMostScratch = size_t{40} << 20;
constexpr unsigned kTileThreads = 128;

// The points 0, ±1/√2, ±√2 and infinity lose least: see the CPU's.
constexpr float kA = 0.70710678f;
constexpr float kB = 1.41421356f;
constexpr float kA3 = 0.35355339f;
constexpr float kB3 = 2.82842712f;

// 6 samples to 6 points, `step` apart.
template <int kStep>
__device__ __forceinline__ void to_points(Vec<float>* d) {
#pragma unroll
  for (int i = 0; i < kLanes<float>; ++i) {
    const float d0 = d[0].at[i];
    const float d1 = d[kStep].at[i];
    const float d2 = d[2 * kStep].at[i];
    const float d3 = d[3 * kStep].at[i];
    const float d4 = d[4 * kStep].at[i];
    const float d5 = d[5 * kStep].at[i];
    const float even = d4 - 2 * d2;
    const float odd = kA * (d3 - 2 * d1);
    const float even2 = d4 - 0.5f * d2;
    const float odd2 = kB * (d3 - 0.5f * d1);
    d[0].at[i] = d0 - 2.5f * d2 + d4;
    d[kStep].at[i] = even + odd;
    d[2 * kStep].at[i] = even - odd;
    d[3 * kStep].at[i] = even2 + odd2;
    d[4 * kStep].at[i] = even2 - odd2;
    d[5 * kStep].at[i] = d1 - 2.5f * d3 + d5;
  }
}

// 6 points to 4 outputs.
__device__ __forceinline__ void to_outputs(const Vec<float> (&m)[6], Vec<float> (&out)[4]) {
#pragma unroll
  for (int i = 0; i < kLanes<float>; ++i) {
    const float even = m[1].at[i] + m[2].at[i];
    const float odd = m[1].at[i] - m[2].at[i];
    const float even2 = m[3].at[i] + m[4].at[i];
    const float odd2 = m[3].at[i] - m[4].at[i];
    out[0].at[i] = m[0].at[i] + even + even2;
    out[1].at[i] = kA * odd + kB * odd2;
    out[2].at[i] = 0.5f * even + 2 * even2;
    out[3].at[i] = kA3 * odd + kB3 * odd2 + m[5].at[i];
  }
}

// A pass takes `count` tiles from number `first` on. They lie in `rows` rows of kRowOfTiles, a multiple of kRows, of
// which the last tiles may be filled up.
struct Pass {
  int first;
  int count;
  int rows;
  int across;  // tiles of a row of the picture
};

constexpr int kRowOfTiles = 16;
constexpr int kRows = 8;  // so that no block of the product has rows of two points

__device__ __forceinline__ size_t offset_of(int point, const Pass& pass, int tile, int channels) {
  return (static_cast<size_t>(point) * static_cast<size_t>(pass.rows * kRowOfTiles) +
          static_cast<size_t>(tile)) *
         static_cast<size_t>(channels);
}

// What lies outside is zero, and so are the tiles that fill the last row.
__global__ void __launch_bounds__(kTileThreads)
    winograd_tiles_to_points(const Product p, const Pass pass, float* v) {
  const size_t fours = static_cast<size_t>(p.channels / 4);
  const size_t n = static_cast<size_t>(pass.rows * kRowOfTiles) * fours;
  for (size_t i = thread(); i < n; i += threads()) {
    const int channel = static_cast<int>(i % fours) * 4;
    const int tile = static_cast<int>(i / fours);
    const int y0 = (pass.first + tile) / pass.across * 4 - 1;
    const int x0 = (pass.first + tile) % pass.across * 4 - 1;
    Vec<float> d[36];
#pragma unroll
    for (int k = 0; k < 36; ++k) {
      const int y = y0 + k / 6;
      const int x = x0 + k % 6;
      if (tile < pass.count && y >= 0 && y < p.height && x >= 0 && x < p.width) {
        const size_t pixel = pixel_index(y, x, p.width);
        d[k] = load(static_cast<const float*>(p.in) + pixel * static_cast<size_t>(p.channels) + channel);
      }
    }
#pragma unroll
    for (int column = 0; column < 6; ++column) to_points<6>(d + column);
#pragma unroll
    for (int row = 0; row < 6; ++row) to_points<1>(d + row * 6);
#pragma unroll
    for (int k = 0; k < 36; ++k) store(v + offset_of(k, pass, tile, p.channels) + channel, d[k]);
  }
}

__global__ void __launch_bounds__(kTileThreads)
    winograd_points_to_outputs(const Product p, const Pass pass, const float* m) {
  const size_t fours = static_cast<size_t>(p.outputs / 4);
  const size_t n = static_cast<size_t>(pass.count) * fours;
  for (size_t i = thread(); i < n; i += threads()) {
    const int output = static_cast<int>(i % fours) * 4;
    const int tile = static_cast<int>(i / fours);
    Vec<float> halfway[4][6];
#pragma unroll
    for (int column = 0; column < 6; ++column) {
      Vec<float> points[6];
#pragma unroll
      for (int row = 0; row < 6; ++row) {
        points[row] = load(m + offset_of(row * 6 + column, pass, tile, p.outputs) + output);
      }
      Vec<float> out[4];
      to_outputs(points, out);
#pragma unroll
      for (int row = 0; row < 4; ++row) halfway[row][column] = out[row];
    }
    const int y0 = (pass.first + tile) / pass.across * 4;
    const int x0 = (pass.first + tile) % pass.across * 4;
#pragma unroll
    for (int row = 0; row < 4; ++row) {
      Vec<float> out[4];
      to_outputs(halfway[row], out);
#pragma unroll
      for (int column = 0; column < 4; ++column) {
        const int y = y0 + row;
        const int x = x0 + column;
        if (y >= p.height || x >= p.width) continue;
        const size_t pixel = pixel_index(y, x, p.width);
        finish<float>(p, pixel * static_cast<size_t>(p.outputs) + static_cast<size_t>(output), output,
                      out[column]);
      }
    }
  }
}

// Of kRows rows of tiles, in both forms.
size_t rows_bytes(int channels, int outputs) {
  return sizeof(float) * kWinogradPoints * kRows * kRowOfTiles *
         static_cast<size_t>(padded(channels) + padded(outputs));
}

int tiles_of(int height, int width) {
  return parts(height, 4) * parts(width, 4);
}

// Rows of tiles that so much scratch takes at a time, of those that there are.
int rows_of_pass(int channels, int outputs, int height, int width, size_t scratch_bytes) {
  const size_t most = std::max<size_t>(1, scratch_bytes / rows_bytes(channels, outputs));
  const auto all = static_cast<size_t>(parts(tiles_of(height, width), kRows * kRowOfTiles));
  return static_cast<int>(std::min(most, all)) * kRows;
}

}  // namespace

size_t winograd_weight_bytes(int channels, int outputs) {
  return sizeof(float) * kWinogradPoints * packed_elements(channels, outputs, 1, Arithmetic::float32);
}

void winograd_weights(const float* weight, int channels, int outputs, float* packed) {
  // 3 values of a kernel to 6 points.
  const double a = 1 / std::sqrt(2.0);
  const double to[6][3] = {{1, 0, 0},
                           {-2 / 3.0, -2 * a / 3, -1 / 3.0},
                           {-2 / 3.0, 2 * a / 3, -1 / 3.0},
                           {1 / 6.0, 1 / (6 * a), 1 / 3.0},
                           {1 / 6.0, -1 / (6 * a), 1 / 3.0},
                           {0, 0, 1}};
  const size_t apart = packed_elements(channels, outputs, 1, Arithmetic::float32);
  for (int channel = 0; channel < channels; ++channel) {
    for (int output = 0; output < outputs; ++output) {
      const size_t at = packed_index(channel, 0, output, channels, 1, outputs, Arithmetic::float32);
      const float* const kernel =
          weight +
          (static_cast<size_t>(channel) * static_cast<size_t>(outputs) + static_cast<size_t>(output)) * 9;
      for (int point = 0; point < kWinogradPoints; ++point) {
        double sum = 0;
        for (int tap = 0; tap < 9; ++tap) {
          sum += to[point / 6][tap / 3] * to[point % 6][tap % 3] * static_cast<double>(kernel[tap]);
        }
        packed[static_cast<size_t>(point) * apart + at] = static_cast<float>(sum);
      }
    }
  }
}

size_t winograd_scratch_bytes(int channels, int outputs, int height, int width) {
  return static_cast<size_t>(rows_of_pass(channels, outputs, height, width, kMostScratch) / kRows) *
         rows_bytes(channels, outputs);
}

void launch_winograd(const Product& p, void* scratch, size_t scratch_bytes, cudaStream_t stream) {
  const int rows = rows_of_pass(p.channels, p.outputs, p.height, p.width, scratch_bytes);
  const int tiles = tiles_of(p.height, p.width);
  auto* const v = static_cast<float*>(scratch);
  for (int first = 0; first < tiles; first += rows * kRowOfTiles) {
    Pass pass{};
    pass.first = first;
    pass.count = std::min(tiles - first, rows * kRowOfTiles);
    pass.rows = parts(pass.count, kRows * kRowOfTiles) * kRows;
    pass.across = parts(p.width, 4);
    const size_t positions = static_cast<size_t>(pass.rows * kRowOfTiles);
    float* const m = v + kWinogradPoints * positions * static_cast<size_t>(p.channels);
    const auto blocks = [&](size_t items) {
      return dim3(
          static_cast<unsigned>(std::min<size_t>((items + kTileThreads - 1) / kTileThreads, kBlocks)));
    };
    launch(winograd_tiles_to_points, blocks(positions * static_cast<size_t>(p.channels / 4)),
           dim3(kTileThreads), 0, stream, p, pass, v);
    Product at_points{};
    at_points.in = v;
    at_points.weights = p.weights;
    at_points.out = m;
    at_points.channels = p.channels;
    at_points.outputs = p.outputs;
    at_points.height = kWinogradPoints * pass.rows;
    at_points.width = kRowOfTiles;
    at_points.rows_of_weights = pass.rows;
    launch_product_simt<1>(at_points, stream);
    launch(winograd_points_to_outputs,
           blocks(static_cast<size_t>(pass.count) * static_cast<size_t>(p.outputs / 4)), dim3(kTileThreads),
           0, stream, p, pass, m);
  }
}

}  // namespace scumble::cuda

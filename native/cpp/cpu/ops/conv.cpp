// Convolutions and their gradients: by Winograd's algorithm where there are channels enough, else directly.
// The gradient of the network's input has kernels of its own.
#include "../kernels/product.h"
#include "../operation.h"
#include "../product.h"

namespace scumble::cpu {
namespace {

// Transformed inputs of one task of a Winograd product: they should stay near the core. Twice as many where
// long runs pay.
constexpr int kWinogradFloats = 1 << 20;
// Transforming the kernels of a block takes about as long as this many tiles' products; reading transformed
// ones, which hides behind the products, as long as these.
constexpr int kKernelsTime = 12;
constexpr int kReadingTime = 4;
// Tiles from which on transformed kernels are read from memory: for fewer, they would come later than they are
// made.
constexpr int kTilesToKeep = 48;
constexpr int kWinogradChannels = 16;
// Inputs from which a fast forward product is of bf16; the gradient's can always be.
constexpr int kFastChannels = 512;

int points_of(int tile) {
  return (tile + 2) * (tile + 2);
}

int winograd_tiles(const Shape& out, int tile) {
  return (out.height + tile - 1) / tile * ((out.width + tile - 1) / tile);
}

// Whether a 3x3 product pays by Winograd: enough channels on both sides, and not too much of its tiles
// outside.
bool by_winograd(const Shape& in, const Shape& out) {
  constexpr size_t kOutputs = kSmallTile * kSmallTile;
  return in.channels >= kWinogradChannels && out.channels >= kWinogradChannels &&
         static_cast<size_t>(winograd_tiles(out, kSmallTile)) * kOutputs < 2 * out.positions();
}

// Outputs a side of a tile: large tiles where they save a tenth of the multiplications, for all that hangs
// over the edge. Only the gradient's: forward, their error would open or shut a ReLU now and then, and one of
// those moves the golden gradient by 2e-5 of its norm. Products of bf16 have none.
int winograd_tile(const Machine& machine, bool back, const Shape& out) {
  if (!back || machine.fast || !machine.isa.large_tiles) return kSmallTile;
  const auto products = [&](int tile) { return int64_t{points_of(tile)} * winograd_tiles(out, tile); };
  return 10 * products(kLargeTile) <= 9 * products(kSmallTile) ? kLargeTile : kSmallTile;
}

// How a Winograd product is cut into tasks: runs of tiles, times groups of output blocks. Short runs
// transform kernels more often, and tasks that share a run each transform its input; of the cuts that fill
// the threads' last round, this is the one that should end first. What comes out does not depend on it.
struct WinogradCut {
  int tiles;
  int runs = 1;
  int groups = 1;

  // `made`: whether kernels are made on the way.
  WinogradCut(const Machine& machine, int tile, const Shape& in, const Shape& out, bool made)
      : tiles(winograd_tiles(out, tile)) {
    const auto parts = [](int64_t n, int64_t size) { return (n + size - 1) / size; };
    const int times = made && machine.isa.long_runs ? 2 : 1;
    const int longest =
        times * std::clamp(kWinogradFloats / (points_of(tile) * in.channels), 1, machine.isa.run_tiles);
    const int kernels_time = made ? kKernelsTime : kReadingTime;
    const int64_t fewest = parts(tiles, longest);
    const int64_t blocks = static_cast<int64_t>(blocks_of(out.channels, machine.isa.block));
    int64_t least = INT64_MAX;
    for (int64_t n = 1; n <= blocks; ++n) {
      const int64_t rounds = parts(fewest * n, machine.threads);
      const int64_t filled = std::min<int64_t>(tiles, rounds * machine.threads / n);
      // In products of one tile and one block. Transforming a tile's inputs takes about as long as one.
      const int64_t tile_time = 1 + parts(blocks, n);
      const int64_t time = rounds * (parts(tiles, filled) * tile_time + kernels_time * parts(blocks, n));
      if (time < least) {
        least = time;
        runs = static_cast<int>(filled);
        groups = static_cast<int>(n);
      }
    }
  }
};

Shape shape_of(const Tensor& t) {
  return {t.channels, t.height, t.width};
}

void winograd(const Workspace& w, const Product& p) {
  const int blocks = static_cast<int>(blocks_of(p.out.channels, w.isa().block));
  const WinogradCut cut(w.machine(), p.tile, shape_of(p.in), shape_of(p.out), p.transformed == nullptr);
  const auto part = [](int n, int parts, int i) {
    return static_cast<int>(static_cast<int64_t>(n) * i / parts);
  };
  w.each_with_scratch(cut.runs * cut.groups, [&](int task, float* scratch) {
    const int run = task / cut.groups;
    const int group = task % cut.groups;
    kernels::winograd(w.isa())(p, part(cut.tiles, cut.runs, run), part(cut.tiles, cut.runs, run + 1),
                               part(blocks, cut.groups, group), part(blocks, cut.groups, group + 1), scratch);
  });
}

void convolve(const Workspace& w, const Step& step, bool back, Product& p) {
  if (!by_winograd(shape_of(p.in), shape_of(p.out))) return product(w, p);
  if (winograd_tiles(shape_of(p.out), p.tile) >= kTilesToKeep) {
    p.transformed =
        w.network(step).transformed({step.convolution, back, p.tile, p.fast}, w.machine().threads);
  }
  winograd(w, p);
}

// Replicate padding: what flows back to the border belongs to the nearest pixel. Only conv1_1 has it, and
// only the picture's rim is concerned.
void fold_border(const Workspace& w, const Product& p) {
  const size_t block = static_cast<size_t>(w.isa().block);
  const size_t inputs = static_cast<size_t>(p.in.channels);
  const int height = p.out.height;
  const int width = p.out.width;
  const auto fold = [&](int y, int x) {
    float* to = p.out.pixel(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
    for (int tap = 0; tap < 9; ++tap) {
      const int gy = y + tap / 3 - 1;
      const int gx = x + tap % 3 - 1;
      if (gy < 0 || gy >= height || gx < 0 || gx >= width) continue;
      const float* gradient = p.in.pixel(gy, gx);
      for (size_t k = 0; k < 3; ++k) {
        const size_t column = static_cast<size_t>(tap) * 3 + k;
        const float* weights = p.weights + column / block * inputs * block + column % block;
        for (size_t c = 0; c < inputs; ++c) to[k] += gradient[c] * weights[c * block];
      }
    }
  };
  for (int x = -1; x <= width; ++x) {
    fold(-1, x);
    fold(height, x);
  }
  for (int y = 0; y < height; ++y) {
    fold(y, -1);
    fold(y, width);
  }
}

void first_back(const Workspace& w, const Product& p, Padding padding) {
  const size_t row_bytes = elements_of(p.in) * sizeof(float);
  const int rows = static_cast<int>(std::max<size_t>(8, kTaskBytes / row_bytes));
  w.each_with_scratch((p.out.height + rows - 1) / rows, [&](int task, float* scratch) {
    kernels::first_back(w.isa())(p, task * rows, std::min(p.out.height, (task + 1) * rows), scratch);
  });
  if (padding == Padding::replicate) fold_border(w, p);
}

double conv(const Workspace& w, const Step& step) {
  const CpuNetwork::Packed& packed = w.network(step).packed(step.convolution);
  Product p;
  p.in = w.tensor(step.in);
  p.out = w.tensor(step.out);
  p.weights = packed.forward.data();
  p.bias = packed.bias.data();
  p.relu = step.relu;
  p.fast = w.machine().fast && p.in.channels >= kFastChannels;
  convolve(w, step, false, p);
  return 0;
}

double conv_back(const Workspace& w, const Step& step) {
  const CpuNetwork& network = w.network(step);
  Product p;
  p.in = w.tensor(step.in);
  p.out = w.tensor(step.out);
  p.weights = network.packed(step.convolution).backward.data();
  p.mask = w.origin(step.mask);
  p.accumulate = step.accumulate;
  p.fast = w.machine().fast;
  p.tile = winograd_tile(w.machine(), true, shape_of(p.out));
  if (step.convolution == 0) {
    first_back(w, p, network.architecture().preprocessing.padding);
  } else {
    convolve(w, step, true, p);
  }
  return 0;
}

template <bool kBack>
size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const Shape& in = plan.buffer(step.in).shape;
  const Shape& out = plan.buffer(step.out).shape;
  if (kBack && step.convolution == 0) return kernels::first_back_scratch(machine.isa)(out.width);
  if (!by_winograd(in, out)) return 0;
  const int tile = winograd_tile(machine, kBack, out);
  // Whether kernels will be read or made is not known yet.
  const auto floats = [&](bool made) {
    const WinogradCut cut(machine, tile, in, out, made);
    return kernels::winograd_scratch(machine.isa)(tile, in.channels, (cut.tiles + cut.runs - 1) / cut.runs);
  };
  return std::max(floats(true), floats(false));
}

const RegisterOperation kConv("conv", {conv, scratch<false>});
const RegisterOperation kConvBack("conv_back", {conv_back, scratch<true>});

}  // namespace
}  // namespace scumble::cpu

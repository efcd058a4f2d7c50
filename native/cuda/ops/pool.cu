// 2x2 pooling, stride 2, and its gradient. A window that hangs over the edge counts what is inside; the
// maximum's gradient goes to the first of equals in row order, found again from the pool's input, so that
// nothing is kept for it. A thread takes one vector of one window (all of whose accesses are then as wide as
// they can be); the grid is windows in a row times rows. The gradient's grid also covers the positions that
// no window does (rounding down).
//
// Elements moved per element of the pool's input: pool 1 read, 1/4 written; pool_back 1/4 read (+ 1 for the
// input unless average, + 1 each for accumulate and a mask that is not the input), 1 written.
#include "../host/operation.h"
#include "elements.h"
#include "pool.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kGridRows = 65535;  // CUDA's limit for a grid's second axis

// One vector of a 2x2 cell: its places inside the tensor, in row order.
struct Cell {
  int count = 0;
  size_t at[4];

  __device__ Cell(const Tensor& in, int y, int x, int channel) {
    const size_t pixel = static_cast<size_t>(padded(in.channels));
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int row = 2 * y + k / 2;
      const int column = 2 * x + k % 2;
      inside[k] = row < in.height && column < in.width;
      at[k] = pixel_index(row, column, in.width) * pixel + static_cast<size_t>(channel);
      count += inside[k];
    }
  }
  bool inside[4];
};

template <typename E>
__device__ void load_cell(const E* from, const Cell& cell, Vec<E> (&values)[4]) {
#pragma unroll
  for (int k = 0; k < 4; ++k) values[k] = cell.inside[k] ? load(from + cell.at[k]) : Vec<E>{};
}

// Calls visit(y, x, channel) for the vectors of all cells that this thread takes: rows x columns of them.
template <typename E, typename Visit>
__device__ void each_cell(int rows, int columns, int channels, const Visit& visit) {
  const int vectors = padded(channels) / kLanes<E>;
  for (int y = static_cast<int>(blockIdx.y); y < rows; y += static_cast<int>(gridDim.y)) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < columns * vectors) visit(y, i / vectors, i % vectors * kLanes<E>);
  }
}

template <typename E>
dim3 cell_grid(int rows, int columns, int channels) {
  const unsigned vectors = static_cast<unsigned>(columns * (padded(channels) / kLanes<E>));
  return {(vectors + kThreads - 1) / kThreads, std::min(static_cast<unsigned>(rows), kGridRows)};
}

template <typename E, Pool kKind>
__global__ void pool_forward(Tensor in, Tensor out, float scale) {
  each_cell<E>(out.height, out.width, in.channels, [&](int y, int x, int channel) {
    const Cell cell(in, y, x, channel);
    Vec<E> values[4];
    load_cell(static_cast<const E*>(in.at), cell, values);
    Vec<E> result = pooled<kKind>(values, cell.inside, cell.count);
#pragma unroll
    for (float& lane : result.at) lane *= scale;
    store(static_cast<E*>(out.at) + pixel_index(y, x, out.width) * static_cast<size_t>(padded(out.channels)) +
              channel,
          result);
  });
}

template <typename E, Pool kKind>
__global__ void pool_backward(Tensor gradient, Tensor in, Tensor out, const E* mask, bool accumulate,
                              float scale) {
  each_cell<E>((in.height + 1) / 2, (in.width + 1) / 2, in.channels, [&](int y, int x, int channel) {
    const Cell cell(in, y, x, channel);
    const bool covered = y < gradient.height && x < gradient.width;
    const size_t pixel = static_cast<size_t>(padded(in.channels));
    Vec<E> g;
    if (covered)
      g = load(static_cast<const E*>(gradient.at) + pixel_index(y, x, gradient.width) * pixel + channel);
#pragma unroll
    for (float& lane : g.at) lane *= scale;
    Vec<E> values[4];
    Vec<E> result;
    if (kKind != Pool::average && covered) {
      load_cell(static_cast<const E*>(in.at), cell, values);
      result = pooled<kKind>(values, cell.inside, cell.count);
    }
    bool open[kLanes<E>];  // the maximum has not been met
#pragma unroll
    for (bool& lane : open) lane = true;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      if (!cell.inside[k]) continue;
      Vec<E> share;
#pragma unroll
      for (int i = 0; i < kLanes<E>; ++i) {
        const float v = values[k].at[i];
        const float r = result.at[i];
        if (kKind == Pool::max) {
          const bool wins = open[i] && v == r;
          if (wins) open[i] = false;
          share.at[i] = wins ? g.at[i] : 0;
        } else if (kKind == Pool::average) {
          share.at[i] = g.at[i] * (1.0f / static_cast<float>(cell.count));
        } else {
          share.at[i] = r > 0 ? g.at[i] * v / r : 0;
        }
      }
      store_gradient(static_cast<E*>(out.at) + cell.at[k], share, accumulate,
                     mask ? mask + cell.at[k] : nullptr);
    }
  });
}

}  // namespace

void pool(Pool kind, double scale, const Tensor& in, const Tensor& out, Arithmetic precision,
          cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    with_kind(kind, [&](auto constant) {
      launch(pool_forward<E, decltype(constant)::value>, cell_grid<E>(out.height, out.width, in.channels),
             dim3(kThreads), 0, stream, in, out, static_cast<float>(scale));
    });
  });
}

void pool_back(Pool kind, double scale, const Tensor& pooled, const Tensor& in, const Gradient& gradient,
               Arithmetic precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    with_kind(kind, [&](auto constant) {
      launch(pool_backward<E, decltype(constant)::value>,
             cell_grid<E>((in.height + 1) / 2, (in.width + 1) / 2, in.channels), dim3(kThreads), 0, stream,
             pooled, in, gradient.out, static_cast<const E*>(gradient.mask), gradient.accumulate,
             static_cast<float>(scale));
    });
  });
}

namespace {

void queue_pool(const Workspace& w, const Step& step) {
  pool(w.pool(), step.scale, w.tensor(step.in), w.tensor(step.out), w.precision(), w.stream());
}

void queue_pool_back(const Workspace& w, const Step& step) {
  pool_back(w.pool(), step.scale, w.tensor(step.in), w.tensor(step.other), w.gradient(step), w.precision(),
            w.stream());
}

const RegisterOperation kPool("pool", {queue_pool});
const RegisterOperation kPoolBack("pool_back", {queue_pool_back});

}  // namespace

}  // namespace scumble::cuda

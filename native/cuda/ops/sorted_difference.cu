// What values differ by from those of the same rank. A value becomes a whole number of 64 bits: a pattern of the same
// order, and behind it its place, so that all of a row differ and only one order is right. Tiles of kTile of them are
// sorted in shared memory by a bitonic network (Batcher 1968); the rank of one among all is its place in its own tile
// and, by bisection, how many of every other tile come before it.
//
// Bytes per value: the tiles are written once, 8, and read by every other value of their row, from cache.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kTile = 4096;
constexpr int kSortThreads = 512;

// Rows of values, and their tiles.
struct Sorted {
  uint64_t* keys;
  int n;
};

__device__ uint64_t key_of(float value, int place) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(bits) << 32 | static_cast<uint32_t>(place);
}

__device__ float value_of(uint64_t key) {
  const uint32_t bits = static_cast<uint32_t>(key >> 32);
  return as_float(bits >> 31 != 0 ? bits & 0x7fffffffu : ~bits);
}

__device__ int place_of(uint64_t key) {
  return static_cast<int>(static_cast<uint32_t>(key));
}

// Of `width` places, a power of two, those beyond the row's end hold what comes last.
__global__ void __launch_bounds__(kSortThreads) sort_tiles(const float* values, Sorted to, int width) {
  uint64_t* const tile = shared_memory<uint64_t>();
  const int index = static_cast<int>(threadIdx.x);
  const int first = static_cast<int>(blockIdx.x) * width;
  const size_t row = static_cast<size_t>(blockIdx.y) * static_cast<size_t>(to.n);
  for (int i = index; i < width; i += kSortThreads) {
    const int place = first + i;
    tile[i] = place < to.n ? key_of(values[row + static_cast<size_t>(place)], place) : ~uint64_t{0};
  }
  for (int run = 2; run <= width; run *= 2) {
    for (int apart = run / 2; apart > 0; apart /= 2) {
      __syncthreads();
      for (int i = index; i < width / 2; i += kSortThreads) {
        const int low = 2 * i - (i & (apart - 1));
        const int high = low + apart;
        const uint64_t a = tile[low];
        const uint64_t b = tile[high];
        const bool rising = (low & run) == 0;
        if ((a > b) == rising) {
          tile[low] = b;
          tile[high] = a;
        }
      }
    }
  }
  __syncthreads();
  for (int i = index; i < width && first + i < to.n; i += kSortThreads)
    to.keys[row + static_cast<size_t>(first + i)] = tile[i];
}

// Among all of a row, of what lies at `place` in the tiles.
__device__ int rank_of(const uint64_t* row, int n, int width, int place) {
  const uint64_t key = row[place];
  const int own = place / width * width;
  int rank = place - own;
  for (int begin = 0; begin < n; begin += width) {
    if (begin == own) continue;
    int low = begin;
    int high = min(begin + width, n);
    while (low < high) {
      const int middle = (low + high) / 2;
      if (row[middle] < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    rank += low - begin;
  }
  return rank;
}

__global__ void __launch_bounds__(kThreads) put_in_order(Sorted from, int width, size_t all, float* to) {
  const size_t n = static_cast<size_t>(from.n);
  for (size_t i = thread(); i < all; i += threads()) {
    const size_t row = i / n * n;
    const int rank = rank_of(from.keys + row, from.n, width, static_cast<int>(i - row));
    to[row + static_cast<size_t>(rank)] = value_of(from.keys[i]);
  }
}

// `target`: rows of `m` values in order.
__global__ void __launch_bounds__(kSumThreads)
    difference_of_ranks(Sorted in, int width, size_t all, const float* target, int m, float* out, float scale,
                        double loss_scale, Partials partials) {
  const size_t n = static_cast<size_t>(in.n);
  const double ratio = static_cast<double>(m) / static_cast<double>(in.n);
  double sum = 0;
  for (size_t i = thread(); i < all; i += threads()) {
    const size_t row = i / n;
    const uint64_t key = in.keys[i];
    const int rank = rank_of(in.keys + row * n, in.n, width, static_cast<int>(i - row * n));
    const double wanted = (rank + 0.5) * ratio - 0.5;
    const double at = fmin(fmax(wanted, 0.0), static_cast<double>(m - 1));
    const int below = static_cast<int>(at);
    const float share = static_cast<float>(at - below);
    const float* const theirs = target + row * static_cast<size_t>(m);
    const float here = theirs[below];
    const float next = theirs[min(below + 1, m - 1)];
    const float away = value_of(key) - (here + share * (next - here));
    sum += static_cast<double>(away) * static_cast<double>(away);
    out[row * n + static_cast<size_t>(place_of(key))] = scale * away;
  }
  store_partial(sum, loss_scale, partials);
}

int tile_width(int n) {
  int width = 2;
  while (width < n && width < kTile) width *= 2;
  return width;
}

Sorted sort(const float* values, int rows, int n, uint64_t* keys, cudaStream_t stream) {
  const int width = tile_width(n);
  const Sorted sorted{keys, n};
  launch(sort_tiles, dim3(static_cast<unsigned>((n + width - 1) / width), static_cast<unsigned>(rows)),
         dim3(kSortThreads), static_cast<size_t>(width) * sizeof(uint64_t), stream, values, sorted, width);
  return sorted;
}

void queue(const Workspace& w, const Step& step) {
  const Shape& in = w.shape(step.in);
  const Shape& other = w.shape(step.other);
  const size_t all = in.elements();
  const size_t theirs = other.elements();
  uint64_t* const keys = static_cast<uint64_t*>(w.scratch());
  uint64_t* const their_keys = keys + all;
  float* const target = reinterpret_cast<float*>(their_keys + theirs);
  const Sorted sorted = sort(w.floats(step.other), other.height, other.channels, their_keys, w.stream());
  launch(put_in_order, dim3(blocks_for(theirs)), dim3(kThreads), 0, w.stream(), sorted,
         tile_width(other.channels), theirs, target);
  const Sorted own = sort(w.floats(step.in), in.height, in.channels, keys, w.stream());
  launch(difference_of_ranks, dim3(sum_blocks(all)), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads),
         w.stream(), own, tile_width(in.channels), all, static_cast<const float*>(target), other.channels,
         w.floats(step.out), static_cast<float>(step.scale), step.loss_scale, w.partials(step));
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  const size_t theirs = plan.buffer(step.other).shape.elements();
  return (plan.buffer(step.in).shape.elements() + theirs) * sizeof(uint64_t) + theirs * sizeof(float);
}

const RegisterOperation kSortedDifference("sorted_difference", {queue, nullptr, scratch});

}  // namespace
}  // namespace scumble::cuda

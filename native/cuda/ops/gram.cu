// Gram matrices: F^T F, channels x channels, over very many positions. Only the tiles of 64 x 64 on and above
// the diagonal are made; the finishing kernel mirrors them.
//
// The positions are split so that there are about kBlocksWanted blocks, whatever the channels; each stores
// its tile of partial sums, and the finishing kernel adds the splits' in double, in order. Within a block a
// tile's sums run in float32 for kGramRun positions; then they are added, compensated (Kahan 1965), to sums
// of their own. So the error of a sum is that of kGramRun terms, however large the picture, and 67 million
// positions of activations of 1e5 make 7e17: far from overflow.
//
// A step is 32 positions of the tile's rows and columns (the same data on the diagonal, loaded once), kStages
// in flight: 32 KB (bfloat16) and 54 KB (float). A block has 2 x 2 warps of 32 x 32.
//
// In bfloat16 mma.sync makes the products. Both operands have their k, the positions, in the wrong order for
// ldmatrix, which transposes them. A position has eight chunks of 16 bytes; chunk c of position k lies where chunk
// c ^ k % 8 would, so that the same chunk of eight positions, which ldmatrix reads at a time, meets all banks.
//
// In TF32 it is mma.sync too, but ldmatrix cannot transpose elements of 32 bits, so threads read them one by one. A
// position has 72 floats, so that a fragment's four positions are 8 banks apart and its eight channels 1.
//
// In float32 a thread makes 8 x 4 products per position from three reads of 16 bytes.
//
// Tiles of 64 read 256 bytes (bfloat16) for 4096 multiply-adds. With an L2 cache of 24 bytes per clock and
// multiprocessor that bounds the matrix units at 30 %: 26 us for all five layers at 512 x 512. Where there is
// one tile (64 channels), memory is the bound.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "../sm90/sm90.h"
#include "elements.h"
#include "gram.h"
#include "launch.h"
#include "product.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kTile = kGramTile;
constexpr int kThreadsOfTile = 128;
constexpr int kPositions = 32;
constexpr int kBlocksWanted = 288;  // two or three for every multiprocessor of a large card

constexpr int splits_of(int channels, int positions) {
  const int wanted = std::max(1, kBlocksWanted / gram_tiles_of(channels));
  return std::min(wanted, (positions + kGramLeastPositions - 1) / kGramLeastPositions);
}

template <Arithmetic kPrecision>
struct Stage {
  using E = float;
  static constexpr int kPitch = (kTile + 8) * 4;  // bytes of a position
  static constexpr int kCount = 3;
};
template <>
struct Stage<Arithmetic::bf16> {
  using E = Bf16;
  static constexpr int kPitch = kTile * 2;
  static constexpr int kCount = 4;
};
template <Arithmetic kPrecision>
constexpr int kOperandBytes = kPositions * Stage<kPrecision>::kPitch;
template <Arithmetic kPrecision>
constexpr int kSharedBytes = 2 * Stage<kPrecision>::kCount * kOperandBytes<kPrecision>;

// Where a thread's sums are in the tile: sums[f][e].
template <Arithmetic kPrecision>
__device__ inline int row_of(int f, int e) {
  const int thread_index = static_cast<int>(threadIdx.x);
  if (kPrecision == Arithmetic::float32) return thread_index / 16 * 8 + f;
  return thread_index / 32 % 2 * 32 + f / 4 * 16 + thread_index % 32 / 4 + e / 2 * 8;
}
template <Arithmetic kPrecision>
__device__ inline int column_of(int f, int e) {
  const int thread_index = static_cast<int>(threadIdx.x);
  if (kPrecision == Arithmetic::float32) return thread_index % 16 * 4 + e;
  return thread_index / 64 * 32 + f % 4 * 8 + thread_index % 4 * 2 + e % 2;
}

// sums += the step's products. `rows` and `columns` are the operands in shared memory.
template <Arithmetic kPrecision>
__device__ __forceinline__ void add_products(const unsigned char* rows, const unsigned char* columns,
                                             float (&sums)[8][4]) {
  constexpr int kPitch = Stage<kPrecision>::kPitch;
  if constexpr (kPrecision == Arithmetic::float32) {
    const float* a = reinterpret_cast<const float*>(rows) + row_of<kPrecision>(0, 0);
    const float* b = reinterpret_cast<const float*>(columns) + column_of<kPrecision>(0, 0);
#pragma unroll 4
    for (int k = 0; k < kPositions; ++k, a += kPitch / 4, b += kPitch / 4) {
      const Vec<float> low = load(a);
      const Vec<float> high = load(a + 4);
      const Vec<float> right = load(b);
#pragma unroll
      for (int f = 0; f < 8; ++f) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[f][e] += (f < 4 ? low.at[f & 3] : high.at[f & 3]) * right.at[e];
      }
    }
  } else if constexpr (kPrecision == Arithmetic::tf32) {
    const int lane = static_cast<int>(threadIdx.x) & 31;
    const int k_of_lane = (lane & 3) * kPitch / 4;
    const float* const a = reinterpret_cast<const float*>(rows) + k_of_lane + row_of<kPrecision>(0, 0);
    const float* const b = reinterpret_cast<const float*>(columns) + k_of_lane +
                           (column_of<kPrecision>(0, 0) & 32) + (lane >> 2);
#pragma unroll
    for (int k = 0; k < kPositions; k += 8) {
      uint32_t from_a[2][4];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int r = 0; r < 4; ++r) {
          from_a[i][r] = to_tf32(a[(k + (r >> 1) * 4) * (kPitch / 4) + i * 16 + (r & 1) * 8]);
        }
      }
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const uint32_t from_b[2] = {to_tf32(b[k * (kPitch / 4) + j * 8]),
                                    to_tf32(b[(k + 4) * (kPitch / 4) + j * 8])};
#pragma unroll
        for (int i = 0; i < 2; ++i) mma_tf32_1688(sums[i * 4 + j], from_a[i], from_b);
      }
    }
  } else {
    const int lane = static_cast<int>(threadIdx.x) & 31;
    // Eight lanes name the rows of one 8 x 8 matrix: of a, position halves change with lane bit 4 and
    // channels with bit 3, of b the other way round.
    const int k_a = (lane & 7) + (lane >> 4) * 8;
    const int k_b = (lane & 7) + (lane >> 3 & 1) * 8;
    const int chunk_a = (row_of<kPrecision>(0, 0) >> 5) * 4 + (lane >> 3 & 1);
    const int chunk_b = (column_of<kPrecision>(0, 0) >> 5) * 4 + (lane >> 4);
    const uint32_t a = shared_address(rows) + static_cast<uint32_t>(k_a * kPitch);
    const uint32_t b = shared_address(columns) + static_cast<uint32_t>(k_b * kPitch);
#pragma unroll
    for (int k = 0; k < kPositions; k += 16) {
      uint32_t from_a[2][4];
      uint32_t from_b[4][2];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        ldmatrix_x4_trans(from_a[i],
                          a + static_cast<uint32_t>(k * kPitch + (((chunk_a + i * 2) ^ (lane & 7)) << 4)));
        uint32_t two[4];
        ldmatrix_x4_trans(two,
                          b + static_cast<uint32_t>(k * kPitch + (((chunk_b + i * 2) ^ (lane & 7)) << 4)));
        from_b[2 * i][0] = two[0];
        from_b[2 * i][1] = two[1];
        from_b[2 * i + 1][0] = two[2];
        from_b[2 * i + 1][1] = two[3];
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) mma_bf16_16816(sums[i * 4 + j], from_a[i], from_b[j]);
      }
    }
  }
}

template <Arithmetic kPrecision>
__global__ void __launch_bounds__(kThreadsOfTile, 3)
    gram_tiles(const void* features, int channels, int positions, int positions_of_split, bool accumulate,
               float* partials) {
  using E = typename Stage<kPrecision>::E;
  constexpr int kStages = Stage<kPrecision>::kCount;
  constexpr int kPitch = Stage<kPrecision>::kPitch;
  constexpr int kOperand = kOperandBytes<kPrecision>;
  constexpr int kChunks = kTile / kLanes<E>;  // of a position

  unsigned char* const memory = shared_memory<unsigned char>();
  const uint32_t address = shared_address(memory);
  const int thread_index = static_cast<int>(threadIdx.x);
  const MatrixTile tile = matrix_tile(static_cast<int>(blockIdx.x), gram_tiles_across(channels));
  const bool diagonal = tile.row == tile.column;
  const int begin = min(positions, static_cast<int>(blockIdx.y) * positions_of_split);
  const int end = min(positions, begin + positions_of_split);
  const int steps = (end - begin + kPositions - 1) / kPositions;

  const auto load_operand = [&](uint32_t to, int first_position, int first_channel) {
#pragma unroll
    for (int k = 0; k < kPositions * kChunks; k += kThreadsOfTile) {
      const int row = (k + thread_index) / kChunks;
      const int chunk = (k + thread_index) % kChunks;
      const int channel = first_channel + chunk * kLanes<E>;
      const bool inside = first_position + row < end && channel < channels;
      const auto* from = static_cast<const E*>(features);
      if (inside) from += static_cast<ptrdiff_t>(first_position + row) * channels + channel;
      const int swizzled_chunk = sizeof(E) == 2 ? chunk ^ (row & 7) : chunk;
      copy_or_zero(to + static_cast<uint32_t>(row * kPitch + swizzled_chunk * 16), from, inside);
    }
  };
  const auto load_step = [&](int step) {
    if (step < steps) {
      const uint32_t to = address + static_cast<uint32_t>(step % kStages * 2 * kOperand);
      load_operand(to, begin + step * kPositions, tile.row * kTile);
      if (!diagonal) load_operand(to + kOperand, begin + step * kPositions, tile.column * kTile);
    }
    commit_copies();
  };

  float run[8][4] = {};
  float sums[8][4] = {};
  float lost[8][4] = {};
#pragma unroll
  for (int i = 0; i < kStages - 1; ++i) load_step(i);
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 2>();
    __syncthreads();
    load_step(step + kStages - 1);
    const unsigned char* const rows = memory + step % kStages * 2 * kOperand;
    add_products<kPrecision>(rows, diagonal ? rows : rows + kOperand, run);
    if ((step + 1) % (kGramRun / kPositions) == 0 || step + 1 == steps) {
#pragma unroll
      for (int f = 0; f < 8; ++f) fold(run[f], sums[f], lost[f]);
    }
  }
  wait_for_copies<0>();

  float* const to = partials + (static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x) *
                                   static_cast<size_t>(kTile * kTile);
#pragma unroll
  for (int f = 0; f < 8; ++f) {
#pragma unroll
    for (int e = 0; e < 4; e += 2) {
      store_sums(to + row_of<kPrecision>(f, e) * kTile + column_of<kPrecision>(f, e), sums[f][e],
                 sums[f][e + 1], accumulate);
    }
  }
}

template <Arithmetic kPrecision>
void launch_tiles(const Tensor& features, int splits, bool accumulate, float* sums, cudaStream_t stream) {
  const int positions = features.height * features.width;
  const int of_split = parts(parts(positions, splits), kPositions) * kPositions;
  launch(gram_tiles<kPrecision>,
         dim3(static_cast<unsigned>(gram_tiles_of(features.channels)), static_cast<unsigned>(splits)),
         dim3(kThreadsOfTile), static_cast<size_t>(kSharedBytes<kPrecision>), stream, features.at,
         padded(features.channels), positions, of_split, accumulate, sums);
}

}  // namespace

// As many as Hopper's kernel would make where it may be used, so that whoever adds them need not know whether it was.
int gram_splits(const Tensor& features, Arithmetic precision) {
  const int positions = features.height * features.width;
  const int theirs =
      precision == Arithmetic::bf16 && sm90_kernels() ? gram_splits_sm90(features.channels, positions) : 0;
  return theirs > 0 ? theirs : splits_of(features.channels, positions);
}

size_t gram_sums_bytes(int channels, int height, int width, Arithmetic precision) {
  const int positions = height * width;
  int splits = splits_of(channels, positions);
  if (precision == Arithmetic::bf16) splits = std::max(splits, gram_splits_sm90(channels, positions));
  return static_cast<size_t>(splits) * static_cast<size_t>(gram_tiles_of(channels)) * kTile * kTile *
         sizeof(float);
}

void gram_sums(const Tensor& features, const Rows& rows, bool accumulate, void* sums, Arithmetic precision,
               cudaStream_t stream) {
  auto* const to = static_cast<float*>(sums);
  const int splits = gram_splits(features, precision);
  const Tensor part = rows_of(features, rows, precision);
  switch (precision) {
    case Arithmetic::float32:
      return launch_tiles<Arithmetic::float32>(part, splits, accumulate, to, stream);
    case Arithmetic::tf32:
      return launch_tiles<Arithmetic::tf32>(part, splits, accumulate, to, stream);
    case Arithmetic::bf16:
      if (sm90_kernels() && launch_gram_sm90(part, splits, accumulate, to, stream)) return;
      return launch_tiles<Arithmetic::bf16>(part, splits, accumulate, to, stream);
  }
}

namespace {

void queue(const Workspace& w, const Step& step) {
  gram_sums(w.tensor(step.in), {step.first_row, step.rows}, step.accumulate, w.at(step.out), w.precision(),
            w.stream());
}

size_t working(const Shape& features, Arithmetic precision) {
  return gram_sums_bytes(features.channels, features.height, features.width, precision);
}

const RegisterOperation kGramSums("gram_sums", {queue, working});

}  // namespace
}  // namespace scumble::cuda

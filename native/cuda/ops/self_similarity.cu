// Self-similarity of samples, beside that of one of several sets of the target's. A block takes 32 columns of the
// matrix, eight warps every eighth row; their sums are then added in order.
//
// Elements moved per cosine: 4 read, 3 written.
#include "../host/operation.h"
#include "lot.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kColumns = 32;
constexpr int kRows = 8;
constexpr double kLeastMean = 1e-5;  // of a column: where all samples are alike, only rounding is left

// The first row of the set that this evaluation takes.
__device__ size_t row_of_set(uint64_t seed, const Progress* progress, int sets, int rows) {
  return static_cast<size_t>(lot(seed, progress) % static_cast<uint64_t>(sets)) * rows;
}

__global__ void choose_set(const float* all, int row, int rows, int sets, uint64_t seed,
                           const Progress* progress, float* out) {
  const float* const from = all + row_of_set(seed, progress, sets, rows) * row;
  const size_t n = static_cast<size_t>(row) * rows;
  for (size_t i = thread(); i < n; i += threads()) out[i] = from[i];
}

// Rounding makes no distance negative.
__device__ float distance(float cosine, int i, int j) {
  const float d = 1 - cosine;
  return i == j || d < 0 ? 0 : d;
}

// Adds what the warps of a column have, for all of them.
__device__ double over_rows(double value) {
  double* const shared = shared_memory<double>();
  __syncthreads();
  shared[threadIdx.x] = value;
  __syncthreads();
  double sum = 0;
  for (int r = 0; r < kRows; ++r) sum += shared[r * kColumns + threadIdx.x % kColumns];
  return sum;
}

// The sum of a column's distances, n * 1e-5 at least; of columns that there are not, that.
struct Column {
  double sum;
  bool own;

  __device__ Column(const float* cosines, int n, int j) {
    double part = 0;
    for (int i = static_cast<int>(threadIdx.x) / kColumns; i < n && j < n; i += kRows)
      part += static_cast<double>(distance(cosines[static_cast<size_t>(i) * n + j], i, j));
    sum = over_rows(part);
    own = !(sum < kLeastMean * n);
    if (!own) sum = kLeastMean * n;
  }
};

__global__ void __launch_bounds__(kColumns* kRows)
    shares_of_distances(const float* cosines, int n, float* out) {
  const int j = static_cast<int>(blockIdx.x) * kColumns + static_cast<int>(threadIdx.x) % kColumns;
  const Column column(cosines, n, j);
  const float inverse = static_cast<float>(1 / column.sum);
  for (int i = static_cast<int>(threadIdx.x) / kColumns; i < n && j < n; i += kRows) {
    const size_t at = static_cast<size_t>(i) * n + j;
    out[at] = distance(cosines[at], i, j) * inverse;
  }
}

__global__ void __launch_bounds__(kColumns* kRows)
    shares_off(const float* cosines, const float* targets, int n, int sets, uint64_t seed,
               const Progress* progress, float scale, double loss_scale, float* slopes, Partials partials) {
  const float* const target = targets + row_of_set(seed, progress, sets, n) * n;
  double total = 0;
  for (int first = static_cast<int>(blockIdx.x) * kColumns; first < n;
       first += static_cast<int>(gridDim.x) * kColumns) {
    const int j = first + static_cast<int>(threadIdx.x) % kColumns;
    const Column column(cosines, n, j);
    const float inverse = static_cast<float>(1 / column.sum);
    double along = 0;
    for (int i = static_cast<int>(threadIdx.x) / kColumns; i < n && j < n; i += kRows) {
      const size_t at = static_cast<size_t>(i) * n + j;
      const float share = distance(cosines[at], i, j) * inverse;
      const float d = share - target[at];
      const float sign = static_cast<float>(d > 0) - static_cast<float>(d < 0);
      total += static_cast<double>(fabsf(d));
      along += static_cast<double>(sign * share);
      slopes[at] = sign;
    }
    along = over_rows(along);
    const float less = column.own ? static_cast<float>(along) : 0;
    for (int i = static_cast<int>(threadIdx.x) / kColumns; i < n && j < n; i += kRows) {
      const size_t at = static_cast<size_t>(i) * n + j;
      slopes[at] = i == j ? 0 : -scale * inverse * (slopes[at] - less);
    }
  }
  __syncthreads();
  store_partial(total, loss_scale, partials);
}

__global__ void add_transpose(const float* in, int n, float* out) {
  const size_t all = static_cast<size_t>(n) * n;
  for (size_t at = thread(); at < all; at += threads()) out[at] = in[at] + in[at % n * n + at / n];
}

unsigned groups_of(int n) {
  return static_cast<unsigned>((n + kColumns - 1) / kColumns);
}

int sets_of(const Workspace& w, BufferId all, int rows) {
  return w.shape(all).height / rows;
}

void queue_choose(const Workspace& w, const Step& step) {
  const Shape& out = w.shape(step.out);
  launch(choose_set, dim3(blocks_for(out.elements())), dim3(kThreads), 0, w.stream(), w.floats(step.in),
         out.channels, out.height, sets_of(w, step.in, out.height), step.seed, w.progress(),
         w.floats(step.out));
}

void queue_shares(const Workspace& w, const Step& step) {
  const int n = w.shape(step.in).height;
  launch(shares_of_distances, dim3(groups_of(n)), dim3(kColumns * kRows), kColumns * kRows * sizeof(double),
         w.stream(), w.floats(step.in), n,
         w.floats(step.out) + static_cast<size_t>(step.first_row) * static_cast<size_t>(n));
}

void queue_similarity(const Workspace& w, const Step& step) {
  const int n = w.shape(step.in).height;
  const unsigned blocks = std::min(groups_of(n), static_cast<unsigned>(kPartials));
  launch(shares_off, dim3(blocks), dim3(kColumns * kRows), kColumns * kRows * sizeof(double), w.stream(),
         w.floats(step.in), w.floats(step.other), n, sets_of(w, step.other, n), step.seed, w.progress(),
         static_cast<float>(step.scale), step.loss_scale, w.floats(step.scratch), w.partials(step));
  launch(add_transpose, dim3(blocks_for(w.shape(step.in).elements())), dim3(kThreads), 0, w.stream(),
         w.floats(step.scratch), n, w.floats(step.out));
}

const RegisterOperation kChoose("choose", {queue_choose});
const RegisterOperation kDistanceShares("distance_shares", {queue_shares});
const RegisterOperation kSelfSimilarity("self_similarity", {queue_similarity});

}  // namespace
}  // namespace scumble::cuda

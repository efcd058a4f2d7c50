// What the sums for a Gram matrix become: the splits' are added in double, in order, and the tiles above the diagonal
// mirrored below it.
#include "gram.h"
#include "launch.h"
#include "steps.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

// The Gram itself where there is no target, else its difference from that and the loss.
struct GramFinish {
  const float* sums;
  int splits;
  int tiles;
  int channels;
  GramDifference to;
};

constexpr int kWarps = 8;

// A block takes 32 elements of a row at a time, unless all lie below the diagonal or outside; its eight warps add
// every eighth split, and the first adds what they have.
__global__ void __launch_bounds__(32 * kWarps) gram_finish(const GramFinish p) {
  double* const sums = shared_memory<double>();
  const int lane = static_cast<int>(threadIdx.x) & 31;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const size_t elements = static_cast<size_t>(p.tiles) * kGramTile * kGramTile;
  const int across = gram_tiles_across(p.channels);
  double loss = 0;
  for (size_t first = static_cast<size_t>(blockIdx.x) * 32; first < elements;
       first += static_cast<size_t>(gridDim.x) * 32) {
    const size_t element = first + static_cast<size_t>(lane);
    const MatrixTile tile = matrix_tile(static_cast<int>(element / (kGramTile * kGramTile)), across);
    const int i = tile.row * kGramTile + static_cast<int>(element / kGramTile % kGramTile);
    const int j = tile.column * kGramTile + static_cast<int>(element % kGramTile);
    if (i >= p.channels || j - lane >= p.channels || j - lane + 31 < i) continue;  // alike for all
    double sum = 0;
#pragma unroll 4
    for (int split = warp; split < p.splits; split += kWarps) {
      sum += static_cast<double>(p.sums[static_cast<size_t>(split) * elements + element]);
    }
    sums[warp * 32 + lane] = sum;
    __syncthreads();
    if (warp == 0) {
      for (int w = 1; w < kWarps; ++w) sum += sums[w * 32 + lane];
      if (i <= j && j < p.channels) {
        const size_t at = static_cast<size_t>(i) * static_cast<size_t>(p.channels) + static_cast<size_t>(j);
        const size_t mirrored =
            static_cast<size_t>(j) * static_cast<size_t>(p.channels) + static_cast<size_t>(i);
        sum *= p.to.gram_scale;
        if (p.to.target) {
          const double d = sum - static_cast<double>(p.to.target[at]);
          loss += i == j ? d * d : 2 * (d * d);
          sum = p.to.scale * d;
        }
        p.to.out[at] = p.to.out[mirrored] = static_cast<float>(sum);
      }
    }
    __syncthreads();
  }
  if (!p.to.target) return;
  if (warp == 0) sums[lane] = loss;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 1; i < 32; ++i) loss += sums[i];
    p.to.partials.at[blockIdx.x] = p.to.loss_scale * loss;
  }
  if (blockIdx.x == 0 && threadIdx.x >= gridDim.x && threadIdx.x < kPartials)
    p.to.partials.at[threadIdx.x] = 0;
}
static_assert(kPartials <= 32 * kWarps);

}  // namespace

void finish_difference(const void* sums, int splits, const Tensor& features, const GramDifference& difference,
                       cudaStream_t stream) {
  const GramFinish finish{static_cast<const float*>(sums), splits, gram_tiles_of(features.channels),
                          features.channels, difference};
  const int blocks = std::min(kPartials, finish.tiles * kGramTile * kGramTile / 32);
  launch(gram_finish, dim3(static_cast<unsigned>(blocks)), dim3(32 * kWarps), sizeof(double) * 32 * kWarps,
         stream, finish);
}

void gram(const void* sums, const Tensor& features, double scale, float* out, Arithmetic precision,
          cudaStream_t stream) {
  GramDifference only;
  only.gram_scale = scale;
  only.out = out;
  finish_difference(sums, gram_splits(features, precision), features, only, stream);
}

void gram_difference(const void* sums, const Tensor& features, const GramDifference& difference,
                     Arithmetic precision, cudaStream_t stream) {
  finish_difference(sums, gram_splits(features, precision), features, difference, stream);
}

GramDifference difference_of(const Workspace& w, const Step& gram) {
  const Step& step = (&gram)[1];
  return {gram.scale, w.floats(step.other), w.floats(step.out),
          step.scale, step.loss_scale,      w.partials(step)};
}

namespace {

// The shape of the features is that of their sums.
void queue_gram(const Workspace& w, const Step& step) {
  gram(w.at(step.in), w.tensor(step.in), step.scale, w.floats(step.out), w.precision(), w.stream());
}

void queue_difference(const Workspace& w, const Step& step) {
  gram_difference(w.at(step.in), w.tensor(step.in), difference_of(w, step), w.precision(), w.stream());
}

const RegisterOperation kGram("gram", {queue_gram});
const RegisterOperation kGramDifference("gram_difference", {queue_difference});

}  // namespace
}  // namespace scumble::cuda

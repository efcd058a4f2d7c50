// What the sums for a Gram matrix become: the splits' are added in double, in order, and the tiles above the diagonal
// mirrored below it.
#include "gram.h"
#include "launch.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

// The Gram itself where there is `out`, else the style term's difference and loss.
struct GramFinish {
  const float* partials;
  int splits;
  int tiles;
  int channels;
  double scale;
  float* out;
  StyleTerm term;
  double* losses;  // kPartials
};

constexpr int kWarps = 8;

// A block takes 32 elements at a time; its eight warps add every eighth split, and the first adds what they
// have.
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
    double sum = 0;
#pragma unroll 4
    for (int split = warp; split < p.splits; split += kWarps) {
      sum += static_cast<double>(p.partials[static_cast<size_t>(split) * elements + element]);
    }
    sums[warp * 32 + lane] = sum;
    __syncthreads();
    if (warp == 0) {
      for (int i = 1; i < kWarps; ++i) sum += sums[i * 32 + lane];
      const MatrixTile tile = matrix_tile(static_cast<int>(element / (kGramTile * kGramTile)), across);
      const int i = tile.row * kGramTile + static_cast<int>(element / kGramTile % kGramTile);
      const int j = tile.column * kGramTile + static_cast<int>(element % kGramTile);
      if (i <= j && j < p.channels) {
        const size_t at = static_cast<size_t>(i) * static_cast<size_t>(p.channels) + static_cast<size_t>(j);
        const size_t mirrored =
            static_cast<size_t>(j) * static_cast<size_t>(p.channels) + static_cast<size_t>(i);
        sum *= p.scale;
        if (p.out) {
          p.out[at] = p.out[mirrored] = static_cast<float>(sum);
        } else {
          const double d = sum - static_cast<double>(p.term.target[at]);
          p.term.difference[at] = p.term.difference[mirrored] = static_cast<float>(p.term.gradient_scale * d);
          loss += i == j ? d * d : 2 * (d * d);
        }
      }
    }
    __syncthreads();
  }
  if (!p.losses) return;
  if (warp == 0) sums[lane] = loss;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 1; i < 32; ++i) loss += sums[i];
    p.losses[blockIdx.x] = p.term.loss_scale * loss;
  }
  if (blockIdx.x == 0 && threadIdx.x >= gridDim.x && threadIdx.x < kPartials) p.losses[threadIdx.x] = 0;
}
static_assert(kPartials <= 32 * kWarps);

void launch_finish(const Tensor& features, GramFinish finish, cudaStream_t stream) {
  finish.tiles = gram_tiles_of(features.channels);
  finish.channels = features.channels;
  finish.scale = 1 / (static_cast<double>(features.channels) * features.height * features.width);
  const int blocks = std::min(kPartials, finish.tiles * kGramTile * kGramTile / 32);
  launch(gram_finish, dim3(static_cast<unsigned>(blocks)), dim3(32 * kWarps), sizeof(double) * 32 * kWarps,
         stream, finish);
}

}  // namespace

void finish_gram(const Tensor& features, int splits, float* out, const void* scratch, cudaStream_t stream) {
  GramFinish finish{};
  finish.out = out;
  finish.splits = splits;
  finish.partials = static_cast<const float*>(scratch);
  launch_finish(features, finish, stream);
}

void finish_difference(const Tensor& features, int splits, const StyleTerm& term, const Partials& partials,
                       const void* scratch, cudaStream_t stream) {
  GramFinish finish{};
  finish.term = term;
  finish.losses = partials.at;
  finish.splits = splits;
  finish.partials = static_cast<const float*>(scratch);
  launch_finish(features, finish, stream);
}

}  // namespace scumble::cuda

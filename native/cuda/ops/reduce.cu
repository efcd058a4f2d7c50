// The second half of every sum: a warp adds the partial sums of one slot. Each lane takes every 32nd in
// order, then the lanes are added as a tree.
#include "sums.h"

namespace scumble::cuda {
namespace {

__global__ void reduce_partials(const double* partials, double* sums) {
  const double* mine = partials + static_cast<size_t>(blockIdx.x) * kPartials;
  double values[1] = {0};
  for (unsigned i = threadIdx.x; i < kPartials; i += kWarp) values[0] += mine[i];
  const double sum = warp_sums(values);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

}  // namespace

void sum_partials(const double* partials, int slots, double* sums, cudaStream_t stream) {
  launch(reduce_partials, dim3(static_cast<unsigned>(slots)), dim3(kWarp), 0, stream, partials, sums);
}

}  // namespace scumble::cuda

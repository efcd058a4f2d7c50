// Rows beside what they are matched with, and matches by the cells of a grid. A warp takes a row, so neighbours read
// neighbours. Sums are in double.
//
// Elements moved per element of matched: 2 read, 1 written.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kWarps = kSumThreads / kWarp;

__global__ void __launch_bounds__(kSumThreads)
    matched_rows(const float* in, int count, int channels, const float* others, const float* matches,
                 float scale, double loss_scale, float* out, Partials partials) {
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  double sum = 0;
  for (int i = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarp); i < count;
       i += static_cast<int>(gridDim.x * kWarps)) {
    const size_t row = static_cast<size_t>(i) * channels;
    const float* const other =
        others + static_cast<size_t>(matches[2 * static_cast<size_t>(i)]) * static_cast<size_t>(channels);
    double products[1] = {};
    for (int c = lane; c < channels; c += static_cast<int>(kWarp)) {
      products[0] += static_cast<double>(in[row + c]) * static_cast<double>(other[c]);
      out[row + c] = scale * other[c];
    }
    const double cosine = warp_sums(products);
    if (lane == 0) sum += 1 - cosine;
  }
  store_partial(sum, loss_scale, partials);
}

__global__ void cells_at(const float* field, int height, int width, const float* positions, int count,
                         float* out) {
  for (size_t i = thread(); i < static_cast<size_t>(count); i += threads()) {
    // Positions are centres of cells, so that rounding down cannot miss them.
    const int y = static_cast<int>(positions[2 * i] * static_cast<float>(height));
    const int x = static_cast<int>(positions[2 * i + 1] * static_cast<float>(width));
    const float* const cell = field + 2 * (static_cast<size_t>(y) * width + x);
    out[2 * i] = cell[0];
    out[2 * i + 1] = cell[1];
  }
}

void queue_matched(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  launch(matched_rows, dim3(sum_blocks(static_cast<size_t>(shape.height) * kWarp)), dim3(kSumThreads),
         block_sums_bytes<1>(kSumThreads), w.stream(), static_cast<const float*>(w.floats(step.in)),
         shape.height, shape.channels, static_cast<const float*>(w.floats(step.other)),
         static_cast<const float*>(w.floats(step.statistic)), static_cast<float>(-step.scale),
         step.loss_scale, w.floats(step.out), w.partials(step));
}

void queue_look_up(const Workspace& w, const Step& step) {
  const Shape& grid = w.shape(step.in);
  const int count = w.shape(step.out).height;
  launch(cells_at, dim3(blocks_for(static_cast<size_t>(count))), dim3(kThreads), 0, w.stream(),
         static_cast<const float*>(w.floats(step.in)), grid.height, grid.width,
         static_cast<const float*>(w.floats(step.other)), count, w.floats(step.out));
}

const RegisterOperation kMatched("matched", {queue_matched});
const RegisterOperation kLookUp("look_up", {queue_look_up});

}  // namespace
}  // namespace scumble::cuda

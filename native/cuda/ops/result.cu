// What follows an evaluation, decided on the device: whether the total is finite, whether it is the best so
// far, and with that what becomes of the result. judge() is one thread; nobody waits for what it finds but
// the kernels behind it.
//
// Bytes per element of keep_result: 4 read, 4 written if the point is the best so far, else none; 8 and 4
// with averaging.
#include <cmath>

#include "elements.h"

namespace scumble::cuda {
namespace {

__global__ void judge_losses(const double* losses, int slots, State* state) {
  if (state->diverged) return;
  double total = 0;
  for (int i = 0; i < slots; ++i) total += losses[i];
  state->total = total;
  ++state->iteration;
  if (!std::isfinite(total)) {
    state->diverged = state->iteration;
  } else if (total < state->best_total) {
    state->best_total = total;
    state->best = state->iteration;
  }
}

__global__ void keep_result_best(const float* picture, float* result, size_t elements, const State* state) {
  if (state->diverged || state->best != state->iteration) return;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    store(result + i, load(picture + i, elements - i), elements - i);
  }
}

__global__ void keep_result_mean(const float* picture, float* result, size_t elements, double averaging,
                                 State* state) {
  if (state->diverged) return;
  const bool first = state->iteration == 1;  // what is there was never written
  const double take = 1 - averaging;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    const Vec<float> point = load(picture + i, elements - i);
    Vec<float> mean;
    if (!first) mean = load(result + i, elements - i);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      mean.at[k] = static_cast<float>(averaging * static_cast<double>(mean.at[k]) +
                                      take * static_cast<double>(point.at[k]));
    }
    store(result + i, mean, elements - i);
  }
  if (thread() == 0) state->mean_weight = averaging * state->mean_weight + take;  // nobody here reads it
}

}  // namespace

void judge(const double* losses, int slots, State* state, cudaStream_t stream) {
  launch(judge_losses, dim3(1), dim3(1), 0, stream, losses, slots, state);
}

void keep_result(const float* picture, float* result, size_t elements, double averaging, State* state,
                 cudaStream_t stream) {
  const dim3 grid(blocks_for((elements + 3) / 4));
  if (averaging > 0) {
    launch(keep_result_mean, grid, dim3(kThreads), 0, stream, picture, result, elements, averaging, state);
  } else {
    launch(keep_result_best, grid, dim3(kThreads), 0, stream, picture, result, elements,
           static_cast<const State*>(state));
  }
}

}  // namespace scumble::cuda

// RMSprop in one pass, and the clamp that may follow a move of pixels.
//
// Bytes per element: rmsprop reads 12 and writes 8; clamp reads 4 and writes 4.
#include "elements.h"

namespace scumble::cuda {
namespace {

struct Constants {
  float keep, take, step, epsilon;
};

__global__ void __launch_bounds__(kThreads)
    rmsprop_move(RmspropUpdate update, Constants k, const Progress* progress) {
  if (progress->diverged) return;
  for (size_t i = 4 * thread(); i < update.elements; i += 4 * threads()) {
    const size_t left = update.elements - i;
    Vec<float> x = load(update.x + i, left);
    Vec<float> v = load(update.v + i, left);
    const Vec<float> gradient = load(update.gradient + i, left);
#pragma unroll
    for (int lane = 0; lane < 4; ++lane) {
      const float g = gradient.at[lane];
      v.at[lane] = k.keep * v.at[lane] + k.take * g * g;
      x.at[lane] -= k.step * g / (sqrtf(v.at[lane]) + k.epsilon);
    }
    store(update.x + i, x, left);
    store(update.v + i, v, left);
  }
}

__global__ void __launch_bounds__(kThreads)
    clamp_elements(float* x, size_t elements, float low, float high, const Progress* progress) {
  if (progress->diverged) return;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    Vec<float> v = load(x + i, elements - i);
#pragma unroll
    for (int lane = 0; lane < 4; ++lane)
      v.at[lane] = v.at[lane] < low ? low : v.at[lane] > high ? high : v.at[lane];
    store(x + i, v, elements - i);
  }
}

}  // namespace

void rmsprop(const RmspropUpdate& update, const Progress* progress, cudaStream_t stream) {
  const Constants k{static_cast<float>(update.decay), static_cast<float>(1 - update.decay),
                    static_cast<float>(update.learning_rate), static_cast<float>(update.epsilon)};
  launch(rmsprop_move, dim3(blocks_for((update.elements + 3) / 4)), dim3(kThreads), 0, stream, update, k,
         progress);
}

void clamp(float* x, size_t elements, float low, float high, const Progress* progress, cudaStream_t stream) {
  launch(clamp_elements, dim3(blocks_for((elements + 3) / 4)), dim3(kThreads), 0, stream, x, elements, low,
         high, progress);
}

}  // namespace scumble::cuda

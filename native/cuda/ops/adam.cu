// Adam in one pass. The corrections of its moments' bias come from the count of updates on the device, so
// that a captured graph stays as it is: two threads of every block make them while the others' loads are on
// their way.
//
// Bytes per element: 16 read, 12 written.
#include "../ptx/ptx.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

struct Constants {
  float keep1, keep2, take1, take2, epsilon;
};

__global__ void __launch_bounds__(kThreads)
    adam_move(AdamUpdate update, Constants k, const Progress* progress) {
  if (progress->diverged) return;
  const size_t i = 4 * thread();
  const size_t left = i < update.elements ? update.elements - i : 0;
  Vec<float> x = load(update.x + i, left);
  Vec<float> m = load(update.m + i, left);
  Vec<float> v = load(update.v + i, left);
  const Vec<float> gradient = load(update.gradient + i, left);
  float* shared = shared_memory<float>();
  const double t = static_cast<double>(progress->updates);
  if (threadIdx.x == 0) shared[0] = static_cast<float>(update.learning_rate / (1 - pow(update.beta1, t)));
  if (threadIdx.x == 32) shared[1] = static_cast<float>(1 / sqrt(1 - pow(update.beta2, t)));
  __syncthreads();
  const float step = shared[0];
  const float correction = shared[1];
#pragma unroll
  for (int lane = 0; lane < 4; ++lane) {
    const float g = gradient.at[lane];
    m.at[lane] = k.keep1 * m.at[lane] + k.take1 * g;
    v.at[lane] = k.keep2 * v.at[lane] + k.take2 * g * g;
    x.at[lane] -= step * m.at[lane] / (sqrtf(v.at[lane]) * correction + k.epsilon);
  }
  store(update.x + i, x, left);
  store(update.m + i, m, left);
  store(update.v + i, v, left);
}

}  // namespace

void adam(const AdamUpdate& update, const Progress* progress, cudaStream_t stream) {
  // Not 1 - keep: that loses the digits in which keep differs from 1.
  const Constants k{static_cast<float>(update.beta1), static_cast<float>(update.beta2),
                    static_cast<float>(1 - update.beta1), static_cast<float>(1 - update.beta2),
                    static_cast<float>(update.epsilon)};
  const size_t vectors = (update.elements + 3) / 4;
  launch(adam_move, dim3(static_cast<unsigned>((vectors + kThreads - 1) / kThreads)), dim3(kThreads),
         2 * sizeof(float), stream, update, k, progress);
}

}  // namespace scumble::cuda

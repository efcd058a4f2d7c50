// What follows an evaluation, decided on the device: whether the total is finite, whether it is the best so
// far, and with that what becomes of the result. judge() is one thread; nobody waits for what it finds but
// the kernels behind it, and the host once it has queued the next evaluation.
//
// Bytes per element of keep_result: 4 read, 4 written if the point is the best so far, else none; 8 and 4
// with averaging.
#include <cmath>

#include "elements.h"

namespace scumble::cuda {
namespace {

// The report is written by one thread, but read only after the kernel.
__global__ void judge_losses(const double* losses, int slots, double averaging, Progress* progress,
                             Progress* report) {
  Progress now = *progress;
  if (!now.diverged) {
    now.total = 0;
    for (int i = 0; i < slots; ++i) now.total += losses[i];
    ++now.iteration;
    if (!std::isfinite(now.total)) {
      now.diverged = now.iteration;
    } else {
      ++now.updates;
      if (now.total < now.best_total) {
        now.best_total = now.total;
        now.best = now.iteration;
      }
      now.mean_keep = now.mean_weight > 0 ? averaging : 0;
      if (averaging > 0) now.mean_weight = averaging * now.mean_weight + (1 - averaging);
    }
  }
  *progress = now;
  *report = now;
  double* const to = reinterpret_cast<double*>(report + 1);
  for (int i = 0; i < slots; ++i) to[i] = losses[i];
}

__global__ void keep_result_best(const float* picture, float* result, size_t elements,
                                 const Progress* progress) {
  if (progress->diverged || progress->best != progress->iteration) return;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    store(result + i, load(picture + i, elements - i), elements - i);
  }
}

__global__ void keep_result_mean(const float* picture, float* result, size_t elements, double averaging,
                                 const Progress* progress) {
  if (progress->diverged) return;
  const double keep = progress->mean_keep;
  const double take = 1 - averaging;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    const Vec<float> point = load(picture + i, elements - i);
    Vec<float> mean;
    if (keep > 0) mean = load(result + i, elements - i);  // else what is there was never written
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      mean.at[k] = static_cast<float>(keep * static_cast<double>(mean.at[k]) +
                                      take * static_cast<double>(point.at[k]));
    }
    store(result + i, mean, elements - i);
  }
}

}  // namespace

void judge(const double* losses, int slots, double averaging, Progress* progress, void* report,
           cudaStream_t stream) {
  launch(judge_losses, dim3(1), dim3(1), 0, stream, losses, slots, averaging, progress,
         static_cast<Progress*>(report));
}

void keep_result(const float* picture, float* result, size_t elements, double averaging,
                 const Progress* progress, cudaStream_t stream) {
  const dim3 grid(blocks_for((elements + 3) / 4));
  if (averaging > 0) {
    launch(keep_result_mean, grid, dim3(kThreads), 0, stream, picture, result, elements, averaging, progress);
  } else {
    launch(keep_result_best, grid, dim3(kThreads), 0, stream, picture, result, elements, progress);
  }
}

}  // namespace scumble::cuda

#pragma once

#include "kernel.h"
#include "tensor.h"

namespace scumble::cpu {

// Adds the sums over rows [y0, y1) of F and of F^2, of channels [c0, c1), to sums (twice all channels). With
// a guide both are weighted by its square.
SCUMBLE_KERNEL(void, channel_sums,
               (const Tensor& features, const float* guide, int c0, int c1, int y0, int y1, double* sums));
// out (+)= by_mean + by_deviation * (in - mean) per channel, times the guide's square; then 0 where mask is
// not positive.
SCUMBLE_KERNEL(void, mean_std_back,
               (const Tensor& in, const float* mean, const float* by_mean, const float* by_deviation,
                const float* guide, const Tensor& out, const float* mask, bool accumulate, int y0, int y1));

}  // namespace scumble::cpu

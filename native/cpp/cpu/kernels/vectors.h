// Arithmetic on whole pictures for the optimisers, and on rows for resampling. Each call gets a short run of
// elements that fits the first-level cache, so a batch of scalar products reads memory once.
#pragma once

#include "kernel.h"

namespace scumble::cpu {

SCUMBLE_KERNEL(double, sum_abs, (const float* v, size_t n));
// out[i * rights + j] += left[i] . right[j]
SCUMBLE_KERNEL(void, dot_products,
               (const float* const* left, int lefts, const float* const* right, int rights, size_t n,
                double* out));
SCUMBLE_KERNEL(void, combine,
               (float* to, const float* const* terms, const double* coefficients, int count, size_t n));
// m, v: moments; step = learning rate / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t)
SCUMBLE_KERNEL(void, adam,
               (float* x, const float* gradient, float* m, float* v, double beta1, double beta2, float step,
                float correction, float epsilon, size_t n));
// v: the mean of the gradient's square
SCUMBLE_KERNEL(void, rmsprop,
               (float* x, const float* gradient, float* v, double decay, float step, float epsilon,
                size_t n));
// What is not a number stays so.
SCUMBLE_KERNEL(void, clamp, (float* x, float low, float high, size_t n));
// One row of a separable resampling: to[i] = sum over taps t of weights[t] * from[t][i].
SCUMBLE_KERNEL(void, blend_rows,
               (float* to, const float* const* from, const float* weights, int taps, size_t n));

}  // namespace scumble::cpu

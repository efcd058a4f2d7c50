// Arithmetic on whole pictures for the optimisers. Each call gets a short run of elements that fits the
// first-level cache, so a batch of scalar products reads memory once.
#include "simd.h"

#include "vectors.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

int lanes(size_t n, size_t i) {
  return n - i < static_cast<size_t>(kWidth) ? static_cast<int>(n - i) : kWidth;
}

}  // namespace

double sum_abs(const float* v, size_t n) {
  DoubleVec sums{};
  for (size_t i = 0; i < n; i += kWidth) {
    const Vec value = load(v + i, lanes(n, i));
    sums += widen(value > Vec{} ? value : -value);
  }
  return sum(sums);
}

void dot_products(const float* const* left, int lefts, const float* const* right, int rights, size_t n,
                  double* out) {
  for (int l = 0; l < lefts; ++l) {
    for (int r = 0; r < rights; ++r) {
      DoubleVec sums{};
      for (size_t i = 0; i < n; i += kWidth) {
        sums += widen(load(left[l] + i, lanes(n, i))) * widen(load(right[r] + i, lanes(n, i)));
      }
      out[l * rights + r] += sum(sums);
    }
  }
}

void combine(float* to, const float* const* terms, const double* coefficients, int count, size_t n) {
  for (size_t i = 0; i < n; i += kWidth) {
    DoubleVec value{};
    for (int t = 0; t < count; ++t) value += widen(load(terms[t] + i, lanes(n, i))) * coefficients[t];
    store(to + i, __builtin_convertvector(value, Vec), lanes(n, i));
  }
}

void adam(float* x, const float* gradient, float* m, float* v, double beta1, double beta2, float step,
          float correction, float epsilon, size_t n) {
  const float keep1 = static_cast<float>(beta1);
  const float keep2 = static_cast<float>(beta2);
  // Not 1 - keep: that loses the digits in which keep differs from 1.
  const float take1 = static_cast<float>(1 - beta1);
  const float take2 = static_cast<float>(1 - beta2);
  for (size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    m[i] = keep1 * m[i] + take1 * g;
    v[i] = keep2 * v[i] + take2 * g * g;
    x[i] -= step * m[i] / (__builtin_sqrtf(v[i]) * correction + epsilon);
  }
}

void rmsprop(float* x, const float* gradient, float* v, double decay, float step, float epsilon, size_t n) {
  const float keep = static_cast<float>(decay);
  const float take = static_cast<float>(1 - decay);  // not 1 - keep, as above
  for (size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    v[i] = keep * v[i] + take * g * g;
    x[i] -= step * g / (__builtin_sqrtf(v[i]) + epsilon);
  }
}

void clamp(float* x, float low, float high, size_t n) {
  for (size_t i = 0; i < n; ++i) x[i] = x[i] < low ? low : x[i] > high ? high : x[i];
}

void blend_rows(float* to, const float* const* from, const float* weights, int taps, size_t n) {
  for (size_t i = 0; i < n; i += kWidth) {
    Vec value{};
    for (int t = 0; t < taps; ++t) value += load(from[t] + i, lanes(n, i)) * splat(weights[t]);
    store(to + i, value, lanes(n, i));
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

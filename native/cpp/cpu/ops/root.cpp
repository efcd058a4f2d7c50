// Roots of symmetric positive matrices, and their inverses, by the polynomials of core/roots.h.
#include <cmath>

#include "../../core/roots.h"
#include "../multiply.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr size_t kMatrices = 5;  // U, its square, W, the product of all W, and one to spare

double frobenius_norm(const Workspace& w, const float* matrix, size_t n) {
  return std::sqrt(w.sum_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    double sum = 0;
    for (size_t k = static_cast<size_t>(i0) * n; k < static_cast<size_t>(i1) * n; ++k) {
      sum += static_cast<double>(matrix[k]) * static_cast<double>(matrix[k]);
    }
    return sum;
  }));
}

// out = diagonal * I + a * in
void scaled(const Workspace& w, size_t n, const float* in, float a, float diagonal, float* out) {
  w.each_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) {
      for (size_t k = i * n; k < (i + 1) * n; ++k) out[k] = a * in[k];
      out[i * n + i] += diagonal;
    }
  });
}

// Of U and its square: V^2 in place of that, and the parts of W = `factor` + V^2 `rest`.
void split(const Workspace& w, size_t n, const Factor& of, const float* u, float* square, float* rest,
           float* factor) {
  w.each_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    const Factor f = of;
    const float share = 1 / f.half;
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) {
      const auto at = [&](size_t k, float one) {
        const float v = share * u[k] - one;
        const float v2 = share * share * square[k] - 2 * share * u[k] + one;
        square[k] = v2;
        rest[k] = f.c[2] * one + f.c[3] * v + f.c[4] * v2;
        factor[k] = f.c[0] * one + f.c[1] * v;
      };
      const size_t diagonal = i * n + i;
      for (size_t k = i * n; k < diagonal; ++k) at(k, 0);
      at(diagonal, 1);
      for (size_t k = diagonal + 1; k < (i + 1) * n; ++k) at(k, 0);
    }
  });
}

template <bool kInverse>
double root(const Workspace& w, const Step& step) {
  const int channels = w.shape(step.in).channels;
  const size_t n = static_cast<size_t>(channels);
  const float* in = w.floats(step.in);
  float* u = w.floats(step.scratch);
  float* square = u + n * n;
  float* factor = square + n * n;
  float* made = factor + n * n;
  float* spare = made + n * n;
  const auto multiply = [&](const float* a, const float* b, double scale, float* to,
                            bool accumulate = false) {
    Multiplication m;
    m.in = a;
    m.other = b;
    m.out = to;
    m.rows = m.columns = m.inner = channels;
    m.scale = static_cast<float>(scale);
    m.accumulate = accumulate;
    cpu::multiply(w, m, true);
  };
  const auto next_u = [&] {
    multiply(factor, factor, 1, spare);
    multiply(u, spare, 1, square);
    std::swap(u, square);
  };
  const double norm = frobenius_norm(w, in, n);
  if (kInverse) {
    multiply(in, in, 1 / (norm * norm), u);
  } else {
    scaled(w, n, in, static_cast<float>(1 / norm), 0, u);
  }
  scaled(w, n, u, -kFirstSlope, kFirstAtZero, factor);
  if (!kInverse) multiply(u, factor, 1, made);
  next_u();
  if (kInverse) std::swap(made, factor);
  for (const Factor& f : kFactors) {
    multiply(u, u, 1, square);
    split(w, n, f, u, square, spare, factor);
    multiply(square, spare, 1, factor, true);
    if (&f == std::end(kFactors) - 1) break;
    multiply(made, factor, 1, spare);
    std::swap(made, spare);
    next_u();
  }
  multiply(made, factor, kInverse ? 1 / norm : std::sqrt(norm), w.floats(step.out));
  return 0;
}

size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const int channels = plan.buffer(step.in).shape.channels;
  return multiply_scratch(machine, channels, channels);
}

size_t matrices_bytes(const Isa&, const Shape& matrix) {
  const size_t n = static_cast<size_t>(matrix.channels);
  return kMatrices * n * n * sizeof(float);
}

const RegisterOperation kRoot("root", {root<false>, scratch, matrices_bytes});
const RegisterOperation kInverse("inverse", {root<true>, scratch, matrices_bytes});

}  // namespace
}  // namespace scumble::cpu

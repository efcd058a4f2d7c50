// Roots of symmetric positive matrices, and their inverses, by the polynomials of core/roots.h.
#include <cmath>

#include "../../core/roots.h"
#include "../multiply.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr size_t kMatrices = 5;  // U, V^2, W, the product of all W, and one to spare

double frobenius_norm(const Workspace& w, const float* matrix, size_t n) {
  return std::sqrt(w.sum_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    double sum = 0;
    for (size_t k = static_cast<size_t>(i0) * n; k < static_cast<size_t>(i1) * n; ++k) {
      sum += static_cast<double>(matrix[k]) * static_cast<double>(matrix[k]);
    }
    return sum;
  }));
}

// out = diagonal * I + a * x, + b * y if there is one, + out if `accumulate`.
struct Sum {
  float diagonal;
  float a;
  const float* x;
  float b = 0;
  const float* y = nullptr;
  bool accumulate = false;
};

void sum(const Workspace& w, size_t n, const Sum& s, float* out) {
  w.each_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) {
      for (size_t k = i * n; k < (i + 1) * n; ++k) {
        const float before = s.accumulate ? out[k] : 0;
        out[k] = before + s.a * s.x[k] + (s.y ? s.b * s.y[k] : 0);
      }
      out[i * n + i] += s.diagonal;
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
  const auto multiply = [&](const float* a, const float* b, double scale, float* to) {
    Multiplication m;
    m.in = a;
    m.other = b;
    m.out = to;
    m.rows = m.columns = m.inner = channels;
    m.scale = static_cast<float>(scale);
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
    sum(w, n, {0, static_cast<float>(1 / norm), in}, u);
  }
  sum(w, n, {kFirstFactor[0], -kFirstFactor[1], u}, factor);
  if (!kInverse) multiply(u, factor, 1, made);
  next_u();
  if (kInverse) std::swap(made, factor);
  for (const Factor& f : kFactors) {
    sum(w, n, {-1, 1 / f.half, u}, spare);
    multiply(spare, spare, 1, square);
    sum(w, n, {-f.c[3], f.c[3] / f.half, u, f.c[4], square}, spare);
    multiply(square, spare, 1, factor);
    sum(w, n, {f.c[0] - f.c[1], f.c[1] / f.half, u, f.c[2], square, true}, factor);
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

// Square roots of symmetric positive matrices, and of their inverses, by coupled Newton-Schulz iterations (Higham
// 2008, "Functions of Matrices", equation 6.35): Y = S / |S|, Z = I; then T = (3 I - Z Y) / 2, Y = Y T, Z = T Z, so
// that Y and Z become the roots of S / |S| and of its inverse. With the Frobenius norm no eigenvalue exceeds 1. All of
// them are polynomials of S and symmetric, so half of each product is enough.
#include <cmath>

#include "../multiply.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

// Eigenvalues above 1e-3 of the norm have then converged.
constexpr int kIterations = 12;
constexpr size_t kMatrices = 5;  // Y, Z, T, and what Y and Z become

// Rows of a pass over a matrix.
template <typename Pass>
void each_row(const Workspace& w, size_t n, const Pass& pass) {
  w.each_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    for (size_t i = static_cast<size_t>(i0); i < static_cast<size_t>(i1); ++i) pass(i);
  });
}

double frobenius_norm(const Workspace& w, const float* matrix, size_t n) {
  return std::sqrt(w.sum_rows(static_cast<int>(n), n, [&](int i0, int i1) {
    double sum = 0;
    for (size_t k = static_cast<size_t>(i0) * n; k < static_cast<size_t>(i1) * n; ++k) {
      sum += static_cast<double>(matrix[k]) * static_cast<double>(matrix[k]);
    }
    return sum;
  }));
}

template <bool kInverse>
double root(const Workspace& w, const Step& step) {
  const int channels = w.shape(step.in).channels;
  const size_t n = static_cast<size_t>(channels);
  const float* in = w.floats(step.in);
  float* out = w.floats(step.out);
  float* y = w.floats(step.scratch);
  float* z = y + n * n;
  float* t = z + n * n;
  float* next_y = t + n * n;
  float* next_z = next_y + n * n;
  const double norm = frobenius_norm(w, in, n);
  const auto multiply = [&](const float* a, const float* b, double scale, float* to) {
    Multiplication m;
    m.in = a;
    m.other = b;
    m.out = to;
    m.rows = m.columns = m.inner = channels;
    m.scale = static_cast<float>(scale);
    cpu::multiply(w, m, true);
  };
  const auto add_to_diagonal = [&] {
    for (size_t i = 0; i < n; ++i) t[i * n + i] += 1.5f;
  };
  // The first iteration, in which Z is I.
  const float share = static_cast<float>(1 / norm);
  each_row(w, n, [&](size_t i) {
    for (size_t k = i * n; k < (i + 1) * n; ++k) {
      y[k] = in[k] * share;
      t[k] = -0.5f * y[k];
    }
  });
  add_to_diagonal();
  multiply(y, t, 1, next_y);
  std::swap(y, next_y);
  each_row(w, n, [&](size_t i) { std::copy_n(t + i * n, n, z + i * n); });
  for (int i = 1; i < kIterations; ++i) {
    const bool last = i + 1 == kIterations;
    multiply(z, y, -0.5, t);
    add_to_diagonal();
    if (last) {
      if (kInverse) {
        multiply(t, z, 1 / std::sqrt(norm), out);
      } else {
        multiply(y, t, std::sqrt(norm), out);
      }
    } else {
      multiply(y, t, 1, next_y);
      multiply(t, z, 1, next_z);
      std::swap(y, next_y);
      std::swap(z, next_z);
    }
  }
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
const RegisterOperation kInverseRoot("inverse_root", {root<true>, scratch, matrices_bytes});

}  // namespace
}  // namespace scumble::cpu

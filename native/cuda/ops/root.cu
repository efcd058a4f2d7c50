// Roots of symmetric positive matrices, and their inverses, by the polynomials of core/roots.h, as cpu/ops/root.cpp.
#include "../../cpp/core/roots.h"
#include "../host/operation.h"
#include "multiply.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kMatrices = 5;

// The Frobenius norm, by one block.
__global__ void __launch_bounds__(kSumThreads) norm_of(const float* matrix, size_t elements, double* norm) {
  double values[1] = {0};
  for (size_t i = threadIdx.x; i < elements; i += kSumThreads)
    values[0] += static_cast<double>(matrix[i]) * static_cast<double>(matrix[i]);
  const double sum = block_sums(values);
  if (threadIdx.x == 0) *norm = sqrt(sum);
}

// Whether it is the i-th element that lies on the diagonal.
__device__ bool on_diagonal(const Packed& of, size_t i) {
  const size_t column = i % of.pitch();
  return i / of.pitch() == column && column < static_cast<size_t>(of.columns);
}

// x /= norm
__global__ void divide(const double* norm, Packed x) {
  const double share = 1 / *norm;
  for (size_t i = thread(); i < x.elements(); i += threads())
    x.at[i] = static_cast<float>(static_cast<double>(x.at[i]) * share);
}

// The first W.
__global__ void first_factor(Packed u, float* factor) {
  for (size_t i = thread(); i < u.elements(); i += threads())
    factor[i] = (on_diagonal(u, i) ? kFirstAtZero : 0.0f) - kFirstSlope * u.at[i];
}

// Of U and its square: V^2 in place of that, and the parts of W = `factor` + V^2 `rest`.
__global__ void split(Factor f, Packed u, float* square, float* rest, float* factor) {
  const float share = 1 / f.half;
  for (size_t i = thread(); i < u.elements(); i += threads()) {
    const float one = on_diagonal(u, i) ? 1.0f : 0.0f;
    const float v = share * u.at[i] - one;
    const float v2 = share * share * square[i] - 2 * share * u.at[i] + one;
    square[i] = v2;
    rest[i] = f.c[2] * one + f.c[3] * v + f.c[4] * v2;
    factor[i] = f.c[0] * one + f.c[1] * v;
  }
}

// out = the dense matrix times the root of the norm, or by the norm.
__global__ void end(const double* norm, Packed from, bool inverse, float* out) {
  const double scale = inverse ? 1 / *norm : sqrt(*norm);
  const size_t columns = static_cast<size_t>(from.columns);
  for (size_t i = thread(); i < static_cast<size_t>(from.rows) * columns; i += threads()) {
    const float value = from.at[i / columns * from.pitch() + i % columns];
    out[i] = static_cast<float>(scale * static_cast<double>(value));
  }
}

void swap(Packed& a, Packed& b) {
  const Packed kept = a;
  a = b;
  b = kept;
}

template <bool kInverse>
void queue(const Workspace& w, const Step& step) {
  const int n = w.shape(step.in).channels;
  float* const at = w.floats(step.scratch);
  const auto matrix = [&](int i) {
    Packed made{at, n, n};
    made.at += static_cast<size_t>(i) * made.elements();
    return made;
  };
  Packed u = matrix(0);
  Packed square = matrix(1);
  Packed factor = matrix(2);
  Packed made = matrix(3);
  Packed spare = matrix(4);
  double* const norm = reinterpret_cast<double*>(matrix(kMatrices).at);
  const dim3 blocks(blocks_for(u.elements()));
  const auto next_u = [&] {
    multiply(factor, factor, spare, w.stream());
    multiply(u, spare, square, w.stream());
    swap(u, square);
  };
  launch(norm_of, dim3(1), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), w.stream(), w.floats(step.in),
         static_cast<size_t>(n) * static_cast<size_t>(n), norm);
  pack(w.floats(step.in), false, 1, u, w.stream());
  launch(divide, blocks, dim3(kThreads), 0, w.stream(), norm, u);
  if (kInverse) {
    multiply(u, u, square, w.stream());
    swap(u, square);
  }
  launch(first_factor, blocks, dim3(kThreads), 0, w.stream(), u, factor.at);
  if (!kInverse) multiply(u, factor, made, w.stream());
  next_u();
  if (kInverse) swap(made, factor);
  for (const Factor& f : kFactors) {
    multiply(u, u, square, w.stream());
    launch(split, blocks, dim3(kThreads), 0, w.stream(), f, u, square.at, spare.at, factor.at);
    multiply(square, spare, factor, w.stream(), true);
    multiply(made, factor, spare, w.stream());
    swap(made, spare);
    if (&f != std::end(kFactors) - 1) next_u();
  }
  launch(end, blocks, dim3(kThreads), 0, w.stream(), norm, made, kInverse, w.floats(step.out));
}

size_t working(const Shape& matrix, Arithmetic) {
  return kMatrices * Packed{nullptr, matrix.channels, matrix.channels}.elements() * sizeof(float) +
         sizeof(double);
}

const RegisterOperation kRoot("root", {queue<false>, working});
const RegisterOperation kInverse("inverse", {queue<true>, working});

}  // namespace
}  // namespace scumble::cuda

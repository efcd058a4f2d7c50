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

// x /= norm
__global__ void divide(const double* norm, Packed x) {
  const double share = 1 / *norm;
  for (size_t i = thread(); i < x.elements(); i += threads())
    x.at[i] = static_cast<float>(static_cast<double>(x.at[i]) * share);
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

__global__ void sum(Sum s, Packed out) {
  for (size_t i = thread(); i < out.elements(); i += threads()) {
    const size_t column = i % out.pitch();
    const bool diagonal = i / out.pitch() == column && column < static_cast<size_t>(out.columns);
    float value = (diagonal ? s.diagonal : 0.0f) + s.a * s.x[i];
    if (s.y) value += s.b * s.y[i];
    out.at[i] = s.accumulate ? out.at[i] + value : value;
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
  const auto add = [&](const Sum& s, const Packed& out) {
    launch(sum, blocks, dim3(kThreads), 0, w.stream(), s, out);
  };
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
  add({kFirstFactor[0], -kFirstFactor[1], u.at}, factor);
  if (!kInverse) multiply(u, factor, made, w.stream());
  next_u();
  if (kInverse) swap(made, factor);
  for (const Factor& f : kFactors) {
    add({-1, 1 / f.half, u.at}, spare);
    multiply(spare, spare, square, w.stream());
    add({-f.c[3], f.c[3] / f.half, u.at, f.c[4], square.at}, spare);
    multiply(square, spare, factor, w.stream());
    add({f.c[0] - f.c[1], f.c[1] / f.half, u.at, f.c[2], square.at, true}, factor);
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

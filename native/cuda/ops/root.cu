// Square roots of symmetric positive matrices and of their inverses, by the coupled Newton-Schulz iterations of
// cpu/ops/root.cpp.
#include "../host/operation.h"
#include "multiply.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kIterations = 12;
constexpr int kMatrices = 5;

// The Frobenius norm, by one block.
__global__ void __launch_bounds__(kSumThreads) norm_of(const float* matrix, size_t elements, double* norm) {
  double values[1] = {0};
  for (size_t i = threadIdx.x; i < elements; i += kSumThreads)
    values[0] += static_cast<double>(matrix[i]) * static_cast<double>(matrix[i]);
  const double sum = block_sums(values);
  if (threadIdx.x == 0) *norm = sqrt(sum);
}

// y /= norm, and what the first iteration makes of it, in which Z is I: z = (3 I - y) / 2.
__global__ void begin(const double* norm, Packed y, float* z) {
  const double share = 1 / *norm;
  for (size_t i = thread(); i < y.elements(); i += threads()) {
    const float value = static_cast<float>(static_cast<double>(y.at[i]) * share);
    const bool diagonal = i / y.pitch() == i % y.pitch() && i % y.pitch() < static_cast<size_t>(y.columns);
    y.at[i] = value;
    z[i] = (diagonal ? 1.5f : 0.0f) - 0.5f * value;
  }
}

// t = (3 I - t) / 2
__global__ void turn(Packed t) {
  for (size_t i = thread(); i < t.elements(); i += threads()) {
    const bool diagonal = i / t.pitch() == i % t.pitch() && i % t.pitch() < static_cast<size_t>(t.columns);
    t.at[i] = (diagonal ? 1.5f : 0.0f) - 0.5f * t.at[i];
  }
}

// out = the dense matrix times the root of the norm, or by it.
__global__ void end(const double* norm, Packed from, bool inverse, float* out) {
  const double root = sqrt(*norm);
  const double scale = inverse ? 1 / root : root;
  const size_t columns = static_cast<size_t>(from.columns);
  for (size_t i = thread(); i < static_cast<size_t>(from.rows) * columns; i += threads()) {
    const float value = from.at[i / columns * from.pitch() + i % columns];
    out[i] = static_cast<float>(scale * static_cast<double>(value));
  }
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
  Packed y = matrix(0);
  Packed z = matrix(1);
  const Packed t = matrix(2);
  Packed next_y = matrix(3);
  Packed next_z = matrix(4);
  double* const norm = reinterpret_cast<double*>(matrix(kMatrices).at);
  const dim3 blocks(blocks_for(y.elements()));
  const auto swap = [](Packed& a, Packed& b) {
    const Packed kept = a;
    a = b;
    b = kept;
  };
  launch(norm_of, dim3(1), dim3(kSumThreads), block_sums_bytes<1>(kSumThreads), w.stream(), w.floats(step.in),
         static_cast<size_t>(n) * static_cast<size_t>(n), norm);
  pack(w.floats(step.in), false, 1, y, w.stream());
  launch(begin, blocks, dim3(kThreads), 0, w.stream(), norm, y, z.at);
  multiply(y, z, next_y, w.stream());
  swap(y, next_y);
  for (int i = 1; i < kIterations; ++i) {
    const bool last = i + 1 == kIterations;
    multiply(z, y, t, w.stream());
    launch(turn, blocks, dim3(kThreads), 0, w.stream(), t);
    if (!last || !kInverse) {
      multiply(y, t, next_y, w.stream());
      swap(y, next_y);
    }
    if (!last || kInverse) {
      multiply(t, z, next_z, w.stream());
      swap(z, next_z);
    }
  }
  launch(end, blocks, dim3(kThreads), 0, w.stream(), norm, kInverse ? z : y, kInverse, w.floats(step.out));
}

size_t working(const Shape& matrix, Arithmetic) {
  return kMatrices * Packed{nullptr, matrix.channels, matrix.channels}.elements() * sizeof(float) +
         sizeof(double);
}

const RegisterOperation kRoot("root", {queue<false>, working});
const RegisterOperation kInverseRoot("inverse_root", {queue<true>, working});

}  // namespace
}  // namespace scumble::cuda

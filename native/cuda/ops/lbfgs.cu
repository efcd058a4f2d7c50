// One L-BFGS step (core/lbfgs.h says which), with nothing decided on the host: which vector belongs to which
// pair, the dot products that the recursion needs and whether a pair is taken all lie on the device, so that the
// same launches, and so the same captured graph, do every step. Four kernels:
//
// lbfgs_difference makes the new pair's y, the gradient less the gradient before, in place. It also sums the new
// pair's dot products with itself and with the gradient, and the gradient's absolute values.
//
// lbfgs_dot_products sums the dot products of the new pair and the gradient with every pair remembered; so the
// history is read once. A block takes a stretch of elements and kGroup pairs, whose 25 sums stay in registers.
//
// lbfgs_recurse is one block. It adds up the sums, judges the new pair, runs the two loops on scalars in double,
// and writes down which vectors times which coefficients make the step.
//
// lbfgs_move takes the step, and keeps it and the gradient for the next time; the history is read once more.
//
// Bytes per element with n pairs: lbfgs_difference reads 12 and writes 4; lbfgs_dot_products reads 8 n, and 12 per
// group; lbfgs_move reads 8 n + 8 and writes 12.
#include "lbfgs.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr int kGroup = 5;  // pairs whose dot products a thread makes at once
constexpr unsigned kDotThreads = 256;
constexpr unsigned kRecurseThreads = 512;

// Vectors as arguments of a kernel, as many as go with one launch: a copy from the host's memory would have
// to be waited for.
struct Some {
  static constexpr int kMost = 256;
  float* at[kMost];
};

__global__ void lbfgs_note_vectors(Some some, int begin, int count, LbfgsMemory memory) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    memory.vectors[begin + i] = some.at[i];
  }
  if (begin == 0 && threadIdx.x == 0) *memory.ring = {0, 0, 0, 0, some.at[0], some.at[1]};
}

__device__ inline double dot(const Vec<float>& a, const Vec<float>& b) {
  return static_cast<double>(a.at[0] * b.at[0] + a.at[1] * b.at[1] + a.at[2] * b.at[2] + a.at[3] * b.at[3]);
}

__global__ void __launch_bounds__(kSumThreads)
    lbfgs_difference(const float* gradient, size_t elements, const Progress* progress, LbfgsMemory memory) {
  if (progress->diverged) return;
  const bool started = memory.ring->started != 0;
  const float* from_s = memory.ring->s;
  float* from_y = memory.ring->y;
  double sums[8] = {};  // a power of two for block_sums()
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    const size_t left = elements - i;
    const Vec<float> g = load(gradient + i, left);
    sums[kNorm] += static_cast<double>(fabsf(g.at[0]) + fabsf(g.at[1]) + fabsf(g.at[2]) + fabsf(g.at[3]));
    if (!started) continue;
    const Vec<float> s = load(from_s + i, left);
    Vec<float> y = load(from_y + i, left);
#pragma unroll
    for (int k = 0; k < 4; ++k) y.at[k] = g.at[k] - y.at[k];
    store(from_y + i, y, left);
    sums[kSY] += dot(s, y);
    sums[kYY] += dot(y, y);
    sums[kGS] += dot(g, s);
    sums[kGY] += dot(g, y);
  }
  const double sum = block_sums(sums);
  if (threadIdx.x < kOwn) memory.partials[threadIdx.x * kPartials + blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kDotThreads)
    lbfgs_dot_products(const float* gradient, size_t elements, const Progress* progress, LbfgsMemory memory) {
  if (progress->diverged) return;
  const LbfgsRing ring = *memory.ring;
  const int begin = static_cast<int>(blockIdx.y) * kGroup;
  if (begin >= ring.count) return;
  const float* old_s[kGroup];
  const float* old_y[kGroup];
#pragma unroll
  for (int p = 0; p < kGroup; ++p) {
    // A group that is not full takes its last pair again: no branch in the loop, so that all loads go out at
    // once.
    const int i = begin + p < ring.count ? begin + p : ring.count - 1;
    const int slot = (ring.first + i) % memory.slots;
    old_s[p] = memory.vectors[2 * slot];
    old_y[p] = memory.vectors[2 * slot + 1];
  }
  double sums[32] = {};  // kGroup * kCross, up to a power of two
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    const size_t left = elements - i;
    const Vec<float> g = load(gradient + i, left);
    const Vec<float> s = load(ring.s + i, left);
    const Vec<float> y = load(ring.y + i, left);
#pragma unroll
    for (int p = 0; p < kGroup; ++p) {
      const Vec<float> was_s = load(old_s[p] + i, left);
      const Vec<float> was_y = load(old_y[p] + i, left);
      sums[p * kCross + kS_y] += dot(was_s, y);
      sums[p * kCross + kY_s] += dot(was_y, s);
      sums[p * kCross + kY_y] += dot(was_y, y);
      sums[p * kCross + kS_g] += dot(was_s, g);
      sums[p * kCross + kY_g] += dot(was_y, g);
    }
  }
  const double sum = block_sums(sums);
  const unsigned mine = threadIdx.x;
  if (mine < kGroup * kCross && begin + static_cast<int>(mine) / kCross < ring.count) {
    const size_t number = kOwn + static_cast<size_t>(begin) * kCross + mine;
    memory.partials[number * kPartials + blockIdx.x] = sum;
  }
}

// `reach`: what the first step sums to; 0: 1 at most. `own`, `cross`: blocks that wrote partial sums.
__global__ void __launch_bounds__(kRecurseThreads)
    lbfgs_recurse(double learning_rate, double reach, int own, int cross, const Progress* progress,
                  LbfgsMemory memory) {
  if (progress->diverged) return;
  const LbfgsRing ring = *memory.ring;
  const int me = static_cast<int>(threadIdx.x);
  const int all = static_cast<int>(blockDim.x);
  const int slots = memory.slots;

  for (int i = me / static_cast<int>(kWarp); i < kOwn + kCross * ring.count;
       i += all / static_cast<int>(kWarp)) {
    double values[1] = {0};
    for (int b = me % static_cast<int>(kWarp); b < (i < kOwn ? own : cross); b += kWarp) {
      values[0] += memory.partials[static_cast<size_t>(i) * kPartials + b];
    }
    const double sum = warp_sums(values);
    if (me % kWarp == 0) memory.sums[i] = sum;
  }
  __syncthreads();
  const double* candidate = memory.sums;
  const double* pairs = memory.sums + kOwn;

  // The candidate is judged; the oldest goes if there is no room.
  const bool taken = ring.started && candidate[kSY] > 1e-10;
  const int dropped = taken && ring.count == slots - 1;
  const int newest = (ring.first + ring.count) % slots;
  const int first = (ring.first + dropped) % slots;
  const int n = ring.count - dropped + taken;
  const auto slot = [&](int i) { return (first + i) % slots; };
  const auto pair = [&](double* matrix, int s, int y) -> double& {
    return matrix[static_cast<size_t>(s) * static_cast<size_t>(slots) + static_cast<size_t>(y)];
  };

  double* alpha = shared_memory<double>();
  double* q = alpha + slots;    // s . q of the first loop
  double* r = q + slots;        // y . r of the second
  double* inverse = r + slots;  // 1 / (s . y)
  for (int i = me; i < n; i += all) {
    const bool is_new = taken && i == n - 1;
    const double* found = pairs + static_cast<size_t>(i + dropped) * kCross;
    const int at = slot(i);
    if (is_new) {
      pair(memory.sy, at, at) = candidate[kSY];
      pair(memory.yy, at, at) = candidate[kYY];
    } else if (taken) {
      pair(memory.sy, at, newest) = found[kS_y];
      pair(memory.sy, newest, at) = found[kY_s];
      pair(memory.yy, at, newest) = found[kY_y];
      pair(memory.yy, newest, at) = found[kY_y];
    }
    q[i] = is_new ? candidate[kGS] : found[kS_g];
    r[i] = is_new ? candidate[kGY] : found[kY_g];
    inverse[i] = 1 / pair(memory.sy, at, at);
  }
  __syncthreads();

  // q = g - sum alpha_j y_j: as soon as an alpha is known, its share goes to all that need it.
  for (int i = n - 1; i >= 0; --i) {
    if (me <= i) {
      const double a = q[i] * inverse[i];
      for (int k = me; k < i; k += all) q[k] -= a * pair(memory.sy, slot(k), slot(i));
      if (me == 0) alpha[i] = a;
    }
    __syncthreads();
  }
  const double h =
      n > 0 ? pair(memory.sy, slot(n - 1), slot(n - 1)) / pair(memory.yy, slot(n - 1), slot(n - 1)) : 1;
  for (int i = me; i < n; i += all) {
    double yq = r[i];
    for (int j = 0; j < n; ++j) yq -= alpha[j] * pair(memory.yy, slot(j), slot(i));
    r[i] = h * yq;
  }
  __syncthreads();

  // r = h q + sum delta_j s_j, and the step is -length r.
  const double norm = candidate[kNorm];
  double length = learning_rate;
  if (!ring.started && norm > 0) length *= reach > 0 ? reach / norm : fmin(1.0, 1 / norm);
  for (int i = 0; i < n; ++i) {
    const double delta = alpha[i] - r[i] * inverse[i];
    for (int k = i + 1 + me; k < n; k += all) r[k] += delta * pair(memory.sy, slot(i), slot(k));
    if (me == 0) memory.coefficients[i] = -length * delta;
    __syncthreads();
  }
  for (int i = me; i < n; i += all) {
    memory.coefficients[n + i] = length * h * alpha[i];
    memory.terms[i] = memory.vectors[2 * slot(i)];
    memory.terms[n + i] = memory.vectors[2 * slot(i) + 1];
  }
  if (me > 0) return;
  memory.coefficients[2 * n] = -length * h;
  const int next = slot(n);
  *memory.ring = {first, n, 1, 2 * n, memory.vectors[2 * next], memory.vectors[2 * next + 1]};
}

__global__ void __launch_bounds__(kThreads) lbfgs_move(float* x, const float* gradient, size_t elements,
                                                       const Progress* progress, LbfgsMemory memory) {
  if (progress->diverged) return;
  const LbfgsRing ring = *memory.ring;
  for (size_t i = 4 * thread(); i < elements; i += 4 * threads()) {
    const size_t left = elements - i;
    const Vec<float> g = load(gradient + i, left);
    Vec<float> point = load(x + i, left);
    double sum[4];
    const double own = memory.coefficients[ring.terms];
#pragma unroll
    for (int k = 0; k < 4; ++k) sum[k] = own * static_cast<double>(g.at[k]);
#pragma unroll 4
    for (int t = 0; t < ring.terms; ++t) {
      const double coefficient = memory.coefficients[t];
      const Vec<float> v = load(memory.terms[t] + i, left);
#pragma unroll
      for (int k = 0; k < 4; ++k) sum[k] += coefficient * static_cast<double>(v.at[k]);
    }
    Vec<float> step;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      step.at[k] = static_cast<float>(sum[k]);
      point.at[k] += step.at[k];
    }
    store(ring.s + i, step, left);
    store(ring.y + i, g, left);
    store(x + i, point, left);
  }
}

}  // namespace

void lbfgs_start(const LbfgsUpdate& update, void* memory, cudaStream_t stream) {
  const LbfgsMemory at(memory, update.history);
  for (int begin = 0; begin < 2 * at.slots; begin += Some::kMost) {
    Some some{};
    const int count = std::min(Some::kMost, 2 * at.slots - begin);
    std::copy_n(update.vectors + begin, count, some.at);
    launch(lbfgs_note_vectors, dim3(1), dim3(kThreads), 0, stream, some, begin, count, at);
  }
}

void lbfgs(const LbfgsUpdate& update, const Progress* progress, void* memory, cudaStream_t stream) {
  const LbfgsMemory at(memory, update.history);
  const size_t n = update.elements;
  const size_t vectors = (n + 3) / 4;
  const unsigned own = sum_blocks(vectors);
  const unsigned cross =
      static_cast<unsigned>(std::min<size_t>((vectors + kDotThreads - 1) / kDotThreads, kPartials));
  const unsigned groups = static_cast<unsigned>((update.history + kGroup - 1) / kGroup);
  launch(lbfgs_difference, dim3(own), dim3(kSumThreads), block_sums_bytes<8>(kSumThreads), stream,
         update.gradient, n, progress, at);
  launch(lbfgs_dot_products, dim3(cross, groups), dim3(kDotThreads), block_sums_bytes<32>(kDotThreads),
         stream, update.gradient, n, progress, at);
  const double reach = update.first_step * static_cast<double>(n);
  // A warp per sum where there are few, so that short recursions have few threads to wait for.
  const unsigned sums = kOwn + kCross * static_cast<unsigned>(update.history);
  launch(lbfgs_recurse, dim3(1), dim3(std::min(sums * kWarp, kRecurseThreads)),
         4 * static_cast<size_t>(at.slots) * sizeof(double), stream, update.learning_rate, reach,
         static_cast<int>(own), static_cast<int>(cross), progress, at);
  launch(lbfgs_move, dim3(blocks_for(vectors)), dim3(kThreads), 0, stream, update.x, update.gradient, n,
         progress, at);
}

}  // namespace scumble::cuda

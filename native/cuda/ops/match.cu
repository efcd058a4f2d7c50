// The relaxed earth mover's distance of a matrix of costs, and what its gradient says of the samples. What is not a
// number is never less than anything: a cost stays infinite then, and so does the loss. Of equals the first counts.
//
// Elements moved per cost: 2 read, once row by row, once column by column.
#include "../host/operation.h"
#include "sums.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kBlock = 256;
constexpr float kLeastSquare = 1e-5f;

// A block takes a row: threads every 256th cost in order, then a tree of fixed shape.
__global__ void __launch_bounds__(kBlock)
    least_of_rows(const float* costs, int columns, float* least, float* out) {
  float* const values = shared_memory<float>();
  int* const places = reinterpret_cast<int*>(values + kBlock);
  const int t = static_cast<int>(threadIdx.x);
  const float* const from = costs + static_cast<size_t>(blockIdx.x) * columns;
  float best = INFINITY;
  int at = 0;
  for (int j = t; j < columns; j += static_cast<int>(kBlock)) {
    if (from[j] < best) {
      best = from[j];
      at = j;
    }
  }
  values[t] = best;
  places[t] = at;
  for (int half = static_cast<int>(kBlock) / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t >= half) continue;
    const float other = values[t + half];
    if (other < values[t] || (other == values[t] && places[t + half] < places[t] && other < INFINITY)) {
      values[t] = other;
      places[t] = places[t + half];
    }
  }
  if (t > 0) return;
  least[blockIdx.x] = values[0];
  out[blockIdx.x] = static_cast<float>(places[0]);
}

// A thread takes a column.
__global__ void least_of_columns(const float* costs, int rows, int columns, float* least, float* out) {
  const int j = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (j >= columns) return;
  float best = INFINITY;
  int at = 0;
#pragma unroll 8
  for (int i = 0; i < rows; ++i) {
    const float cost = costs[static_cast<size_t>(i) * columns + j];
    if (cost < best) {
      best = cost;
      at = i;
    }
  }
  least[j] = best;
  out[j] = static_cast<float>(at);
}

__global__ void __launch_bounds__(kSumThreads)
    larger_mean(const float* least, int rows, int columns, double offset, double loss_scale, float* side,
                Partials partials) {
  double sums[2] = {};
  for (int i = static_cast<int>(threadIdx.x); i < rows; i += static_cast<int>(kSumThreads))
    sums[0] += static_cast<double>(least[i]);
  for (int j = static_cast<int>(threadIdx.x); j < columns; j += static_cast<int>(kSumThreads))
    sums[1] += static_cast<double>(least[rows + j]);
  double* const totals = shared_memory<double>() + kSumThreads / kWarp * 2;
  const double total = block_sums(sums);
  if (threadIdx.x < 2) totals[threadIdx.x] = total;
  __syncthreads();
  const double by_rows = totals[0] / rows;
  const double by_columns = totals[1] / columns;
  for (unsigned i = threadIdx.x; i < kPartials; i += kSumThreads)
    partials.at[i] = i == 0 ? loss_scale * (offset + (by_rows >= by_columns ? by_rows : by_columns)) : 0;
  if (threadIdx.x == 0) *side = by_rows >= by_columns ? 0.0f : 1.0f;
}

void queue_match(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const int rows = shape.height;
  const int columns = shape.channels;
  float* const least = static_cast<float*>(w.scratch());
  float* const out = w.floats(step.out);
  launch(least_of_rows, dim3(static_cast<unsigned>(rows)), dim3(kBlock), kBlock * 8, w.stream(),
         w.floats(step.in), columns, least, out);
  launch(least_of_columns, dim3((static_cast<unsigned>(columns) + kBlock - 1) / kBlock), dim3(kBlock), 0,
         w.stream(), w.floats(step.in), rows, columns, least + rows, out + rows);
  launch(larger_mean, dim3(1), dim3(kSumThreads), block_sums_bytes<2>(kSumThreads) + 2 * sizeof(double),
         w.stream(), least, rows, columns, step.scale, step.loss_scale, out + rows + columns,
         w.partials(step));
}

size_t match_scratch(const Plan& plan, const Step& step, Arithmetic) {
  const Shape& shape = plan.buffer(step.in).shape;
  return (static_cast<size_t>(shape.height) + static_cast<size_t>(shape.channels)) * sizeof(float);
}

// A block takes a row i of the result. Calls visit(j, share) for every pair (i, j) that counts, in order, in all
// threads.
template <typename Visit>
__device__ void each_pair(const float* match, int rows, int columns, const Visit& visit) {
  const int i = static_cast<int>(blockIdx.x);
  if (match[rows + columns] == 0) return visit(static_cast<int>(match[i]), 1 / static_cast<float>(rows));
  float* const piece = shared_memory<float>();
  for (int begin = 0; begin < columns; begin += static_cast<int>(blockDim.x)) {
    __syncthreads();
    const int mine = begin + static_cast<int>(threadIdx.x);
    piece[threadIdx.x] = mine < columns ? match[rows + mine] : -1;
    __syncthreads();
    for (int k = 0; k < static_cast<int>(blockDim.x); ++k) {
      if (piece[k] == static_cast<float>(i)) visit(begin + k, 1 / static_cast<float>(columns));
    }
  }
}

__global__ void __launch_bounds__(kBlock) add_matches(const float* match, const float* others, int rows,
                                                      int columns, int channels, float scale, float* out) {
  float* const to = out + static_cast<size_t>(blockIdx.x) * channels;
  for (int k = static_cast<int>(threadIdx.x); k < channels; k += static_cast<int>(kBlock)) to[k] = 0;
  each_pair(match, rows, columns, [&](int j, float share) {
    const float* const from = others + static_cast<size_t>(j) * channels;
    for (int k = static_cast<int>(threadIdx.x); k < channels; k += static_cast<int>(kBlock))
      to[k] += scale * share * from[k];
  });
}

void queue_match_back(const Workspace& w, const Step& step) {
  const Shape& out = w.shape(step.out);
  launch(add_matches, dim3(static_cast<unsigned>(out.height)), dim3(kBlock), kBlock * sizeof(float),
         w.stream(), w.floats(step.in), w.floats(step.other), out.height, w.shape(step.other).height,
         out.channels, static_cast<float>(step.scale), w.floats(step.out));
}

__device__ float length_of(const float* colour) {
  return sqrtf(colour[0] * colour[0] + colour[1] * colour[1] + colour[2] * colour[2]);
}

__global__ void costs_of_colours(const float* colours, const float* others, int columns, float* costs) {
  const int j = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (j >= columns) return;
  const float* const x = colours + 3 * static_cast<size_t>(blockIdx.y);
  const float* const y = others + 3 * static_cast<size_t>(j);
  float dot = 0;
  float square = 0;
  for (int k = 0; k < 3; ++k) {
    const float d = x[k] - y[k];
    dot += x[k] * y[k];
    square += d * d;
  }
  const float both = length_of(x) * length_of(y);
  const float held = square > kLeastSquare ? square : kLeastSquare;
  costs[static_cast<size_t>(blockIdx.y) * columns + j] =
      1 - (both > 0 ? dot / both : 0) + sqrtf(held * (1.0f / 3));
}

void queue_costs(const Workspace& w, const Step& step) {
  const int columns = w.shape(step.other).height;
  const dim3 grid((static_cast<unsigned>(columns) + kBlock - 1) / kBlock,
                  static_cast<unsigned>(w.shape(step.in).height));
  launch(costs_of_colours, grid, dim3(kBlock), 0, w.stream(), w.floats(step.in), w.floats(step.other),
         columns, w.floats(step.out));
}

// The first thread of a block does all: there are three channels.
__global__ void __launch_bounds__(kWarp)
    colour_gradient(const float* match, const float* others, const float* colours, int rows, int columns,
                    double scale, float* out) {
  const float* const x = colours + 3 * static_cast<size_t>(blockIdx.x);
  double slope[3] = {};
  each_pair(match, rows, columns, [&](int j, float share) {
    const float* const y = others + 3 * static_cast<size_t>(j);
    double xx = 0;
    double yy = 0;
    double xy = 0;
    double square = 0;
    for (int k = 0; k < 3; ++k) {
      const double a = static_cast<double>(x[k]);
      const double b = static_cast<double>(y[k]);
      xx += a * a;
      yy += b * b;
      xy += a * b;
      square += (a - b) * (a - b);
    }
    const double both = sqrt(xx * yy);
    const double distance = square > static_cast<double>(kLeastSquare) ? sqrt(3 * square) : 0;
    for (int k = 0; k < 3; ++k) {
      const double a = static_cast<double>(x[k]);
      const double b = static_cast<double>(y[k]);
      const double by = scale * static_cast<double>(share);
      if (both > 0) slope[k] += by * (a * xy / xx - b) / both;
      if (distance > 0) slope[k] += by * (a - b) / distance;
    }
  });
  if (threadIdx.x > 0) return;
  for (int k = 0; k < 3; ++k) out[3 * static_cast<size_t>(blockIdx.x) + k] = static_cast<float>(slope[k]);
}

void queue_colour_back(const Workspace& w, const Step& step) {
  const int rows = w.shape(step.out).height;
  launch(colour_gradient, dim3(static_cast<unsigned>(rows)), dim3(kWarp), kWarp * sizeof(float), w.stream(),
         w.floats(step.in), w.floats(step.other), w.floats(step.statistic), rows, w.shape(step.other).height,
         step.scale, w.floats(step.out));
}

const RegisterOperation kMatch("match", {queue_match, nullptr, match_scratch});
const RegisterOperation kMatchBack("match_back", {queue_match_back});
const RegisterOperation kColourCosts("colour_costs", {queue_costs});
const RegisterOperation kColourMatchBack("colour_match_back", {queue_colour_back});

}  // namespace
}  // namespace scumble::cuda

// Which of many rows is nearest to each of others, in plain float32, for every card. A block makes products of 64
// rows with 64 others at a time, a thread 4 x 4 of them, each one sum in the order of the channels, and keeps only
// the best so far; blocks share out the others by groups, whose best a second kernel compares.
//
// Shared memory holds 16 channels of both sides: for 32 floats that a thread reads of it, it makes 64 multiply-adds.
#include "../host/operation.h"
#include "../ptx/ptx.h"
#include "elements.h"
#include "nearest.h"

namespace scumble::cuda {
namespace {

constexpr int kTile = kNearestTile;
constexpr int kOfThread = 4;
constexpr int kSide = kTile / kOfThread;  // threads along a side
constexpr int kDepth = 16;                // channels at a time
constexpr int kColumns = 512;             // of a group
constexpr int kPitch = kTile + 4;  // of a channel in shared memory, so that writing rows meets more banks

struct Best {
  float value;
  int index;

  // The first of equals. What is not a number is never better.
  __device__ void take(float other, int at) {
    if (other > value || (other == value && at < index)) {
      value = other;
      index = at;
    }
  }
};

__global__ void panels_of(const float* in, int rows, int channels, int pitch, float* out) {
  const size_t n = static_cast<size_t>(channels) * static_cast<size_t>(pitch);
  for (size_t i = thread(); i < n; i += threads()) {
    const size_t row = i % static_cast<size_t>(pitch);
    const size_t channel = i / static_cast<size_t>(pitch);
    out[i] = row < static_cast<size_t>(rows) ? in[row * channels + channel] : 0;
  }
}

struct Nearest {
  const float* rows;
  int count;
  int channels;
  const float* panels;
  int pitch;
  const float* penalty;  // or null
  int columns;
};

__global__ void __launch_bounds__(kSide* kSide) nearest_of_group(Nearest of, Best* found) {
  float* const left = shared_memory<float>();  // [channel][row]
  float* const right = left + kDepth * kPitch;
  const int index = static_cast<int>(threadIdx.x);
  const int x = index % kSide * kOfThread;
  const int y = index / kSide * kOfThread;
  const int row0 = static_cast<int>(blockIdx.x) * kTile;
  const int first = static_cast<int>(blockIdx.y) * kColumns;
  const int end = min(of.columns, first + kColumns);
  Best best[kOfThread];
  for (Best& b : best) b = {-INFINITY, first};
  for (int column = first; column < end; column += kTile) {
    float sums[kOfThread][kOfThread] = {};
    for (int channel = 0; channel < of.channels; channel += kDepth) {
      __syncthreads();
      for (int i = index; i < kDepth * kTile; i += kSide * kSide) {
        const int c = channel + i % kDepth;
        const int row = row0 + i / kDepth;
        left[i % kDepth * kPitch + i / kDepth] =
            c < of.channels && row < of.count ? of.rows[static_cast<size_t>(row) * of.channels + c] : 0;
      }
      for (int i = index; i < kDepth * kTile; i += kSide * kSide) {
        const int c = channel + i / kTile;
        right[i / kTile * kPitch + i % kTile] =
            c < of.channels ? of.panels[static_cast<size_t>(c) * of.pitch + column + i % kTile] : 0;
      }
      __syncthreads();
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
#pragma unroll
        for (int i = 0; i < kOfThread; ++i) {
#pragma unroll
          for (int j = 0; j < kOfThread; ++j)
            sums[i][j] = fmaf(left[k * kPitch + y + i], right[k * kPitch + x + j], sums[i][j]);
        }
      }
    }
    for (int j = 0; j < kOfThread && column + x + j < end; ++j) {
      const int at = column + x + j;
      const float less = of.penalty ? of.penalty[at] : 0;
      for (int i = 0; i < kOfThread; ++i) best[i].take(sums[i][j] - less, at);
    }
  }
  __syncthreads();
  Best* const shared = shared_memory<Best>();  // [row][thread along it]
  for (int i = 0; i < kOfThread; ++i) shared[(y + i) * kSide + index % kSide] = best[i];
  __syncthreads();
  if (index >= kTile || row0 + index >= of.count) return;
  Best of_row = shared[index * kSide];
  for (int i = 1; i < kSide; ++i)
    of_row.take(shared[index * kSide + i].value, shared[index * kSide + i].index);
  found[static_cast<size_t>(blockIdx.y) * of.count + row0 + index] = of_row;
}

__global__ void nearest_of_groups(const Best* found, int groups, int count, float* out) {
  for (size_t i = thread(); i < static_cast<size_t>(count); i += threads()) {
    Best best = found[i];
    for (int group = 1; group < groups; ++group) {
      const Best& other = found[static_cast<size_t>(group) * count + i];
      best.take(other.value, other.index);
    }
    out[2 * i] = static_cast<float>(best.index);
    out[2 * i + 1] = best.value;
  }
}

// Counted one by one: a few thousand times a thousand, all in the cache.
__global__ void occurrences_of(const float* matches, int count, int columns, float scale, float* out) {
  for (size_t j = thread(); j < static_cast<size_t>(columns); j += threads()) {
    int times = 0;
    for (int i = 0; i < count; ++i)
      times += static_cast<size_t>(matches[2 * static_cast<size_t>(i)]) == j ? 1 : 0;
    out[j] = static_cast<float>(times) * scale;
  }
}

int groups_of(int columns) {
  return (columns + kColumns - 1) / kColumns;
}

void queue_panels(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const int pitch = panel_pitch(shape);
  launch(panels_of, dim3(blocks_for(static_cast<size_t>(pitch) * static_cast<size_t>(shape.channels))),
         dim3(kThreads), 0, w.stream(), static_cast<const float*>(w.floats(step.in)), shape.height,
         shape.channels, pitch, w.floats(step.out));
}

void queue_nearest(const Workspace& w, const Step& step) {
  const Shape& rows = w.shape(step.in);
  const Shape& others = w.shape(step.other);
  const Nearest of{w.floats(step.in),    rows.height,         rows.channels,
                   w.floats(step.other), panel_pitch(others), w.floats(step.statistic),
                   others.height};
  const int groups = groups_of(others.height);
  auto* const found = static_cast<Best*>(w.scratch());
  constexpr size_t kShared =
      std::max(2 * kDepth * kPitch * sizeof(float), static_cast<size_t>(kTile) * kSide * sizeof(Best));
  launch(nearest_of_group,
         dim3(static_cast<unsigned>((rows.height + kTile - 1) / kTile), static_cast<unsigned>(groups)),
         dim3(kSide * kSide), kShared, w.stream(), of, found);
  launch(nearest_of_groups, dim3(blocks_for(static_cast<size_t>(rows.height))), dim3(kThreads), 0, w.stream(),
         static_cast<const Best*>(found), groups, rows.height, w.floats(step.out));
}

void queue_occurrences(const Workspace& w, const Step& step) {
  const int columns = w.shape(step.out).height;
  launch(occurrences_of, dim3(blocks_for(static_cast<size_t>(columns))), dim3(kThreads), 0, w.stream(),
         static_cast<const float*>(w.floats(step.in)), w.shape(step.in).height, columns,
         static_cast<float>(step.scale), w.floats(step.out));
}

size_t panel_bytes(const Shape& rows, Arithmetic) {
  return static_cast<size_t>(rows.channels) * static_cast<size_t>(panel_pitch(rows)) * sizeof(float);
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  return static_cast<size_t>(groups_of(plan.buffer(step.other).shape.height)) *
         static_cast<size_t>(plan.buffer(step.in).shape.height) * sizeof(Best);
}

const RegisterOperation kPanels("panels", {queue_panels, panel_bytes});
const RegisterOperation kNearest("nearest", {queue_nearest, nullptr, scratch});
const RegisterOperation kOccurrences("occurrences", {queue_occurrences});

}  // namespace
}  // namespace scumble::cuda

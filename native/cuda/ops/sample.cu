// Samples of features at positions, and their gradient. Features are float32 or bfloat16, samples always float32.
//
// sample takes a position a block. sample_back takes a row of the grid a block, and a thread of it always the same columns
// and channels: it adds what the positions leave there in their order, so that there is nothing to wait for and the
// bytes are the same every time. That every block looks at all positions costs less than sorting them.
#include "../host/operation.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

constexpr unsigned kBlock = 128;

// A layer's features, or the picture's: `pixel` elements from one to the next.
struct Grid {
  void* at;
  int channels;
  int pixel;
  int height;
  int width;
};

Grid grid_of(const Workspace& w, BufferId id) {
  const Shape& s = w.shape(id);
  const bool tensor = w.kind(id) == BufferKind::tensor;
  return {w.at(id), s.channels, tensor ? padded(s.channels) : s.channels, s.height, s.width};
}

__device__ float get(const float* from) {
  return *from;
}
__device__ float get(const Bf16* from) {
  return as_float(static_cast<uint32_t>(from->bits) << 16);
}
__device__ void set(float* to, float value) {
  *to = value;
}
__device__ void set(Bf16* to, float value) {
  to->bits = static_cast<uint16_t>(to_bf16(value, 0) & 0xffffu);
}

// Of a coordinate in 0..1: the cell whose centre lies before it, the next, and how much of the next counts.
struct Between {
  int first;
  int second;
  float share;

  __device__ Between(float coordinate, int cells) {
    const float last = static_cast<float>(cells - 1);
    const float at = coordinate * static_cast<float>(cells) - 0.5f;
    const float held = at > 0 ? (at < last ? at : last) : 0;
    first = static_cast<int>(held);
    second = first + 1 < cells ? first + 1 : first;
    share = held - static_cast<float>(first);
  }
};

template <typename E>
__global__ void __launch_bounds__(kBlock)
    sample_grid(Grid from, const float* positions, float scale, float* samples, int row) {
  const size_t i = blockIdx.x;
  const Between y(positions[2 * i], from.height);
  const Between x(positions[2 * i + 1], from.width);
  const auto pixel = [&](int line, int column) {
    return static_cast<const E*>(from.at) + pixel_index(line, column, from.width) * from.pixel;
  };
  const E* const a = pixel(y.first, x.first);
  const E* const b = pixel(y.first, x.second);
  const E* const c = pixel(y.second, x.first);
  const E* const d = pixel(y.second, x.second);
  const float upper = scale * (1 - y.share);
  const float lower = scale * y.share;
  for (int k = static_cast<int>(threadIdx.x); k < from.channels; k += static_cast<int>(kBlock)) {
    samples[i * row + k] = upper * (1 - x.share) * get(a + k) + upper * x.share * get(b + k) +
                           lower * (1 - x.share) * get(c + k) + lower * x.share * get(d + k);
  }
}

template <typename E>
__global__ void __launch_bounds__(kBlock)
    sample_gradient(const float* samples, int row, const float* positions, int count, float scale, Grid to,
                    const E* mask, bool accumulate) {
  const int lanes = to.pixel < static_cast<int>(kBlock) ? to.pixel : static_cast<int>(kBlock);
  const int groups = static_cast<int>(kBlock) / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int group = static_cast<int>(threadIdx.x) / lanes;
  if (group >= groups) return;
  const int line = static_cast<int>(blockIdx.x);
  const size_t begin = pixel_index(line, 0, to.width) * to.pixel;
  E* const at = static_cast<E*>(to.at) + begin;
  const auto each = [&](const auto& visit) {
    for (int column = group; column < to.width; column += groups) {
      for (int k = lane; k < to.pixel; k += lanes) visit(static_cast<size_t>(column) * to.pixel + k);
    }
  };
  if (!accumulate) each([&](size_t e) { set(at + e, 0); });
  for (int i = 0; i < count; ++i) {
    const Between y(positions[2 * i], to.height);
    if (y.first != line && y.second != line) continue;
    const Between x(positions[2 * i + 1], to.width);
    const float down =
        (y.first == line ? 1 - y.share : 0) + (y.second == line && y.second != y.first ? y.share : 0);
    const auto add = [&](int column, float share) {
      if (share == 0 || column % groups != group) return;
      for (int k = lane; k < to.channels; k += lanes) {
        E* const e = at + static_cast<size_t>(column) * to.pixel + k;
        set(e, get(e) + scale * down * share * samples[static_cast<size_t>(i) * row + k]);
      }
    };
    add(x.first, 1 - x.share);
    add(x.second, x.share);
  }
  if (!mask) return;
  each([&](size_t e) {
    if (!(get(mask + begin + e) > 0)) set(at + e, 0);
  });
}

// Calls body() with a value of the type that a buffer's elements have.
template <typename Body>
void with_elements_of(const Workspace& w, BufferId id, const Body& body) {
  with_elements(w.kind(id) == BufferKind::tensor ? w.precision() : Arithmetic::float32, body);
}

void queue_sample(const Workspace& w, const Step& step) {
  const Shape& samples = w.shape(step.out);
  with_elements_of(w, step.in, [&](auto element) {
    launch(sample_grid<decltype(element)>, dim3(static_cast<unsigned>(samples.height)), dim3(kBlock), 0,
           w.stream(), grid_of(w, step.in), w.floats(step.other) + 2 * static_cast<size_t>(step.first_row),
           static_cast<float>(step.scale), w.floats(step.out) + step.first_channel, samples.channels);
  });
}

void queue_back(const Workspace& w, const Step& step) {
  const Shape& samples = w.shape(step.in);
  const Grid to = grid_of(w, step.out);
  with_elements_of(w, step.out, [&](auto element) {
    using E = decltype(element);
    launch(sample_gradient<E>, dim3(static_cast<unsigned>(to.height)), dim3(kBlock), 0, w.stream(),
           w.floats(step.in) + step.first_channel, samples.channels, w.floats(step.other), samples.height,
           static_cast<float>(step.scale), to, static_cast<const E*>(w.at(step.mask)), step.accumulate);
  });
}

const RegisterOperation kSample("sample", {queue_sample});
const RegisterOperation kSampleBack("sample_back", {queue_back});

}  // namespace
}  // namespace scumble::cuda

// Between the picture (RGB, 0..255) and the network's input (its channel order, range, mean and std). A
// thread makes one vector of the input; in float32 that is half a pixel, and the second half is padding.
//
// Bytes per pixel: input 12 read, 16 (bf16) or 32 (float32) written; input_back 16 or 32 read (+ 12 for accumulate), 12 written.
#include "../host/operation.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

constexpr int kInputs = 3;

template <typename E>
__global__ void input_from_picture(const float* picture, E* out, size_t vectors, Channels channels) {
  constexpr int kVectors = padded(kInputs) / kLanes<E>;
  for (size_t i = thread(); i < vectors; i += threads()) {
    Vec<E> values;
    if (i % kVectors == 0) {
      const float* from = picture + i / kVectors * kInputs;
#pragma unroll
      for (int c = 0; c < kInputs; ++c) {
        values.at[c] = from[channels.order[c]] * channels.scale[c] + channels.shift[c];
      }
    }
    store(out + i * kLanes<E>, values);
  }
}

template <typename E>
__global__ void input_back_to_picture(const E* gradient, float* picture, bool accumulate, size_t pixels,
                                      Channels channels) {
  for (size_t i = thread(); i < pixels; i += threads()) {
    const Vec<E> values = load(gradient + i * padded(kInputs));
    float* to = picture + i * kInputs;
#pragma unroll
    for (int c = 0; c < kInputs; ++c) {
      const float there = accumulate ? to[channels.order[c]] : 0;
      to[channels.order[c]] = there + values.at[c] * channels.scale[c];
    }
  }
}

}  // namespace

void input(const float* picture, const Tensor& out, const Channels& channels, Arithmetic precision,
           cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(out);
    launch(input_from_picture<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, picture,
           static_cast<E*>(out.at), n, channels);
  });
}

void input_back(const Tensor& gradient, float* picture, bool accumulate, const Channels& channels,
                Arithmetic precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = static_cast<size_t>(gradient.height) * static_cast<size_t>(gradient.width);
    launch(input_back_to_picture<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream,
           static_cast<const E*>(gradient.at), picture, accumulate, n, channels);
  });
}

namespace {

Channels channels_of(const Workspace& w, const Step& step) {
  return scumble::channels_of(w.network(step).architecture().preprocessing);
}

void queue_input(const Workspace& w, const Step& step) {
  input(w.floats(step.in), w.tensor(step.out), channels_of(w, step), w.precision(), w.stream());
}

void queue_input_back(const Workspace& w, const Step& step) {
  input_back(w.tensor(step.in), w.floats(step.out), step.accumulate, channels_of(w, step), w.precision(),
             w.stream());
}

const RegisterOperation kInput("input", {queue_input});
const RegisterOperation kInputBack("input_back", {queue_input_back});

}  // namespace

}  // namespace scumble::cuda

// Between a tensor and a dense copy of it in float32. A thread takes one vector of the tensor; the dense
// side, whose pixels may start anywhere, is read and written element by element. For what the host reads and
// writes: targets, once a session.
#include "elements.h"

namespace scumble::cuda {
namespace {

template <typename E>
__global__ void to_dense(Tensor from, float* to, size_t vectors) {
  const size_t pixel = static_cast<size_t>(vectors_of_pixel<E>(from));
  for (size_t i = thread(); i < vectors; i += threads()) {
    const Vec<E> values = load(static_cast<const E*>(from.at) + i * kLanes<E>);
    const int channel = static_cast<int>(i % pixel) * kLanes<E>;
    float* dense = to + i / pixel * static_cast<size_t>(from.channels) + channel;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (channel + k < from.channels) dense[k] = values.at[k];
    }
  }
}

template <typename E>
__global__ void from_dense(const float* from, Tensor to, size_t vectors) {
  const size_t pixel = static_cast<size_t>(vectors_of_pixel<E>(to));
  for (size_t i = thread(); i < vectors; i += threads()) {
    const int channel = static_cast<int>(i % pixel) * kLanes<E>;
    const float* dense = from + i / pixel * static_cast<size_t>(to.channels) + channel;
    Vec<E> values;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (channel + k < to.channels) values.at[k] = dense[k];
    }
    store(static_cast<E*>(to.at) + i * kLanes<E>, values);
  }
}

}  // namespace

void unpack(const Tensor& from, float* to, Precision precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(from);
    launch(to_dense<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, from, to, n);
  });
}

void pack(const float* from, const Tensor& to, Precision precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(to);
    launch(from_dense<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, from, to, n);
  });
}

}  // namespace scumble::cuda

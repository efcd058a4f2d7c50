// ReLU on its own, for a convolution whose output a loss looks at; all others fuse it. A thread takes one
// vector; in and out may be the same. NaN stays NaN, so that a diverged picture cannot hide behind it.
//
// Elements moved per element: relu 1 read, 1 written; relu_back 2 read (+ 1 each for accumulate and mask), 1
// written.
#include "../host/operation.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

template <typename E>
__global__ void relu_forward(const E* in, E* out, size_t vectors) {
  for (size_t i = thread(); i < vectors; i += threads()) {
    Vec<E> values = load(in + i * kLanes<E>);
#pragma unroll
    for (float& v : values.at) v = v <= 0 ? 0 : v;
    store(out + i * kLanes<E>, values);
  }
}

template <typename E>
__global__ void relu_backward(const E* in, const E* positive, E* out, const E* mask, bool accumulate,
                              size_t vectors) {
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    Vec<E> values = load(in + at);
    const Vec<E> open = load(positive + at);
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      if (!(open.at[k] > 0)) values.at[k] = 0;
    }
    store_gradient(out + at, values, accumulate, mask ? mask + at : nullptr);
  }
}

}  // namespace

void relu(const Tensor& in, const Tensor& out, Arithmetic precision, cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(in);
    launch(relu_forward<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, static_cast<const E*>(in.at),
           static_cast<E*>(out.at), n);
  });
}

void relu_back(const Tensor& in, const void* positive, const Gradient& gradient, Arithmetic precision,
               cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    const size_t n = vectors_of<E>(in);
    launch(relu_backward<E>, dim3(blocks_for(n)), dim3(kThreads), 0, stream, static_cast<const E*>(in.at),
           static_cast<const E*>(positive), static_cast<E*>(gradient.out.at),
           static_cast<const E*>(gradient.mask), gradient.accumulate, n);
  });
}

namespace {

void queue_relu(const Workspace& w, const Step& step) {
  relu(w.tensor(step.in), w.tensor(step.out), w.precision(), w.stream());
}

void queue_relu_back(const Workspace& w, const Step& step) {
  relu_back(w.tensor(step.in), w.at(step.other), w.gradient(step), w.precision(), w.stream());
}

const RegisterOperation kRelu("relu", {queue_relu});
const RegisterOperation kReluBack("relu_back", {queue_relu_back});

}  // namespace

}  // namespace scumble::cuda

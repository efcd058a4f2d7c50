// Dense layers of a classifier, and their gradient: products of the matrix of what a window sees at every position (a
// row each) with the layer's weights, in float32 whatever the precision of features is. The weights are packed for each
// product (multiply.h), which reads and writes them once; so they are kept once for both directions.
//
// A thread takes one element of a matrix, or one vector of a tensor.
#include "../host/classifier.h"
#include "../host/operation.h"
#include "elements.h"
#include "multiply.h"

namespace scumble::cuda {
namespace {

// An element of a tensor, as a float.
__device__ float value_at(const float* from, size_t i) {
  return from[i];
}
__device__ float value_at(const Bf16* from, size_t i) {
  return as_float(static_cast<uint32_t>(from[i].bits) << 16);
}

// What windows see, each [window][window][channels]. Of `positions` = to.rows, `across` are in a row.
template <typename E>
__global__ void see(const E* in, int width, int channels, int window, int across, Packed to) {
  const size_t pitch = to.pitch();
  for (size_t i = thread(); i < to.elements(); i += threads()) {
    const int position = static_cast<int>(i / pitch);
    const int term = static_cast<int>(i % pitch);
    float value = 0;
    if (position < to.rows && term < to.columns) {
      const int tap = term / channels;
      const int y = position / across + tap / window;
      const int x = position % across + tap % window;
      value = value_at(in, pixel_index(y, x, width) * static_cast<size_t>(padded(channels)) +
                               static_cast<size_t>(term % channels));
    }
    to.at[i] = value;
  }
}

// The outputs: + bias, ReLU if `relu`.
template <typename E>
__global__ void finish(Packed product, const float* bias, bool relu, E* out, size_t vectors) {
  const size_t pitch = product.pitch();
  const size_t columns = static_cast<size_t>(product.columns);
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    Vec<E> values;
#pragma unroll
    for (int k = 0; k < kLanes<E>; ++k) {
      const size_t column = at % pitch + static_cast<size_t>(k);
      if (column >= columns) continue;
      const float value = product.at[at + static_cast<size_t>(k)] + bias[column];
      values.at[k] = relu && value <= 0 ? 0 : value;
    }
    store(out + at, values);
  }
}

// The gradient of the inputs: each position gathers what all of height x width windows that see it say, in their order.
template <typename E>
__global__ void gather(Packed seen, int window, int height, int width, Tensor out, const E* mask,
                       bool accumulate) {
  const int channels = out.channels;
  const size_t pixel = static_cast<size_t>(padded(channels));
  const size_t vectors = static_cast<size_t>(out.height) * static_cast<size_t>(out.width) * pixel / kLanes<E>;
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    const int position = static_cast<int>(at / pixel);
    const int c = static_cast<int>(at % pixel);
    const int y = position / out.width;
    const int x = position % out.width;
    Vec<E> sum;
    for (int v = max(0, y - window + 1); v < min(height, y + 1); ++v) {
      for (int u = max(0, x - window + 1); u < min(width, x + 1); ++u) {
        const float* from = seen.at + static_cast<size_t>(v * width + u) * seen.pitch() +
                            static_cast<size_t>((y - v) * window + x - u) * static_cast<size_t>(channels);
#pragma unroll
        for (int k = 0; k < kLanes<E>; ++k) {
          if (c + k < channels) sum.at[k] += from[c + k];
        }
      }
    }
    E* const to = static_cast<E*>(out.at) + at;
    store_gradient(to, sum, accumulate, mask ? mask + at : nullptr);
  }
}

// A layer, and its matrices in scratch: what windows see, the weights, the outputs.
struct Matrices {
  Packed seen;
  Packed weights;
  Packed made;

  // `scratch` is the step's working memory, whose shape says how large they are: seen and made side by side.
  Matrices(const Plan& plan, const Step& step, float* at) {
    const Shape& both = plan.buffer(step.scratch).shape;
    const bool back = step.op == "dense_back";
    const int outputs = plan.buffer(back ? step.in : step.out).shape.channels;
    const int terms = both.channels - outputs;
    seen = {at, both.height, terms};
    weights = {seen.at + seen.elements(), back ? outputs : terms, back ? terms : outputs};
    made = {weights.at + weights.elements(), both.height, outputs};
  }
  size_t bytes() const { return (seen.elements() + weights.elements() + made.elements()) * sizeof(float); }
};

const CudaClassifier& classifier_of(const Workspace& w, const Step& step) {
  return static_cast<const CudaClassifier&>(w.network(step).classifier());
}

int window_of(const Workspace& w, const Step& step) {
  return w.network(step).architecture().dense[static_cast<size_t>(step.dense)].window;
}

void queue_dense(const Workspace& w, const Step& step) {
  const Matrices m(w.plan(), step, static_cast<float*>(w.scratch()));
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const CudaClassifier& classifier = classifier_of(w, step);
  with_elements(w.precision(), [&](auto element) {
    using E = decltype(element);
    launch(see<E>, dim3(blocks_for(m.seen.elements())), dim3(kThreads), 0, w.stream(),
           static_cast<const E*>(in.at), in.width, in.channels, window_of(w, step), out.width, m.seen);
    pack(classifier.weight(step.dense), true, 1, m.weights, w.stream());
    multiply(m.seen, m.weights, m.made, w.stream());
    const size_t vectors = vectors_of<E>(out);
    launch(finish<E>, dim3(blocks_for(vectors)), dim3(kThreads), 0, w.stream(), m.made,
           classifier.bias(step.dense), step.relu, static_cast<E*>(out.at), vectors);
  });
}

void queue_dense_back(const Workspace& w, const Step& step) {
  const Matrices m(w.plan(), step, static_cast<float*>(w.scratch()));
  const Tensor gradient = w.tensor(step.in);
  const Gradient to = w.gradient(step);
  with_elements(w.precision(), [&](auto element) {
    using E = decltype(element);
    launch(see<E>, dim3(blocks_for(m.made.elements())), dim3(kThreads), 0, w.stream(),
           static_cast<const E*>(gradient.at), gradient.width, gradient.channels, 1, gradient.width, m.made);
    pack(classifier_of(w, step).weight(step.dense), false, 1, m.weights, w.stream());
    multiply(m.made, m.weights, m.seen, w.stream());
    launch(gather<E>, dim3(blocks_for(vectors_of<E>(to.out))), dim3(kThreads), 0, w.stream(), m.seen,
           window_of(w, step), gradient.height, gradient.width, to.out, static_cast<const E*>(to.mask),
           to.accumulate);
  });
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  return Matrices(plan, step, nullptr).bytes();
}

const RegisterOperation kDense("dense", {queue_dense, nullptr, scratch});
const RegisterOperation kDenseBack("dense_back", {queue_dense_back, nullptr, scratch});

}  // namespace
}  // namespace scumble::cuda

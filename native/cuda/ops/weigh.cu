// Features times a guide: what a mask makes of them on the way to a sum of products.
//
// Elements moved per element: 1 read, 1 written.
#include "../host/operation.h"
#include "elements.h"

namespace scumble::cuda {
namespace {

template <typename E>
__global__ void weigh_pixels(Tensor in, const float* guide, E* out) {
  each_pixel<E>(in, [&](size_t pixel, size_t at) {
    Vec<E> values = load(static_cast<const E*>(in.at) + at);
    const float weight = guide[pixel];
#pragma unroll
    for (float& v : values.at) v *= weight;
    store(out + at, values);
  });
}

}  // namespace

void weigh(const Tensor& in, const float* guide, const Tensor& out, Arithmetic precision,
           cudaStream_t stream) {
  with_elements(precision, [&](auto element) {
    using E = decltype(element);
    launch(weigh_pixels<E>, dim3(pixel_blocks<E>(in, kThreads, kBlocks)), dim3(kThreads), 0, stream, in,
           guide, static_cast<E*>(out.at));
  });
}

namespace {

void queue(const Workspace& w, const Step& step) {
  weigh(w.tensor(step.in), w.floats(step.guide), w.tensor(step.out), w.precision(), w.stream());
}

const RegisterOperation kWeigh("weigh", {queue});

}  // namespace
}  // namespace scumble::cuda

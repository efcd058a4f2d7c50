// A Gram matrix's gradient: F S at every position, a product of one tap. S is converted and laid out as the
// product's weights first, in scratch: at most 512 x 512, a few microseconds.
#include "../host/operation.h"
#include "../sm90/sm90.h"
#include "product_mma.h"
#include "product_simt.h"

namespace scumble::cuda {
namespace {

// 16 bytes of the packed matrix per thread, in rows of `inner` elements. S is symmetric, so it does not
// matter which of its indices the product's kernel has in memory first.
template <typename E, bool kTf32>
__global__ void gram_back_pack(const float* from, E* to, int channels, size_t inner, size_t vectors) {
  for (size_t i = thread(); i < vectors; i += threads()) {
    const size_t at = i * kLanes<E>;
    const size_t row = at / inner;
    const size_t column = at % inner;
    const size_t c = static_cast<size_t>(channels);
    Vec<E> values;
#pragma unroll
    for (size_t k = 0; k < kLanes<E>; ++k) {
      if (row < c && column + k < c) {
        const float value = from[row * c + column + k];
        values.at[k] = kTf32 ? as_float(to_tf32(value)) : value;
      }
    }
    store(to + at, values);
  }
}

template <typename E, bool kTf32>
void pack(const float* s, void* to, int channels, Arithmetic precision, cudaStream_t stream) {
  const size_t elements = packed_elements(channels, channels, 1, precision);
  const int inner = precision == Arithmetic::float32
                        ? padded(channels)
                        : groups_of(channels, precision) * group_channels(precision);
  const size_t vectors = elements / kLanes<E>;
  launch(gram_back_pack<E, kTf32>, dim3(blocks_for(vectors)), dim3(kThreads), 0, stream, s,
         static_cast<E*>(to), channels, static_cast<size_t>(inner), vectors);
}

}  // namespace

size_t gram_back_bytes(int channels, Arithmetic precision) {
  return packed_elements(channels, channels, 1, precision) * element_bytes(precision);
}

void gram_back(const Tensor& features, const float* s, const Gradient& gradient, void* scratch,
               Arithmetic precision, cudaStream_t stream) {
  const int channels = padded(features.channels);
  const Product p{features.at, scratch,         gradient.out.at, nullptr, gradient.mask,      channels,
                  channels,    features.height, features.width,  false,   gradient.accumulate};
  switch (precision) {
    case Arithmetic::float32:
      pack<float, false>(s, scratch, features.channels, precision, stream);
      return launch_product_simt<1>(p, stream);
    case Arithmetic::tf32:
      pack<float, true>(s, scratch, features.channels, precision, stream);
      return launch_product_mma<float, 1>(p, stream);
    case Arithmetic::bf16:
      pack<Bf16, false>(s, scratch, features.channels, precision, stream);
      if (sm90_kernels() && launch_product_sm90(p, 1, stream)) return;
      return launch_product_mma<Bf16, 1>(p, stream);
  }
}

namespace {

void queue(const Workspace& w, const Step& step) {
  gram_back(w.tensor(step.in), w.floats(step.other), w.gradient(step), w.at(step.scratch), w.precision(),
            w.stream());
}

size_t working(const Shape& features, Arithmetic precision) {
  return gram_back_bytes(features.channels, precision);
}

const RegisterOperation kGramBack("gram_back", {queue, working});

}  // namespace
}  // namespace scumble::cuda

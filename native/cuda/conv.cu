// The 3x3 convolutions, forward and backward: a product over nine taps on the matrix units or in plain
// float32.
#include "conv_first.h"
#include "product_mma.h"
#include "product_simt.h"

namespace scumble::cuda {

void convolve(const Convolution& c, Precision precision, cudaStream_t stream) {
  if (c.in.channels == kFirstChannels) return convolve_first(c, precision, stream);
  const Product p{
      c.in.at,      c.weights,   c.out.at, c.bias,      c.mask, padded(c.in.channels), padded(c.out.channels),
      c.out.height, c.out.width, c.relu,   c.accumulate};
  switch (precision) {
    case Precision::float32:
      return launch_product_simt<9>(p, stream);
    case Precision::tf32:
      return launch_product_mma<float, 9>(p, stream);
    case Precision::bf16:
      return launch_product_mma<Bf16, 9>(p, stream);
  }
}

}  // namespace scumble::cuda

// The 3x3 convolutions, forward and backward: a product over nine taps on the matrix units or in plain
// float32.
#include "conv_first.h"
#include "product_mma.h"
#include "product_simt.h"
#include "sm90.h"

namespace scumble::cuda {

void convolve(const Convolution& c, Precision precision, cudaStream_t stream) {
  if (c.in.channels == kFirstChannels) return convolve_first(c, precision, stream);
  const Product p = product_of(c);
  switch (precision) {
    case Precision::float32:
      return launch_product_simt<9>(p, stream);
    case Precision::tf32:
      return launch_product_mma<float, 9>(p, stream);
    case Precision::bf16:
      if (sm90_kernels() && launch_product_sm90(p, 9, stream)) return;
      return launch_product_mma<Bf16, 9>(p, stream);
  }
}

}  // namespace scumble::cuda

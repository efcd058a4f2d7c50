#include "self_check.h"

#include "../ops/kernel_set.h"
#include "../sm90/sm90.h"
#include "comparisons.h"

namespace scumble::cuda {
namespace {

std::string named(const char* kernel, const Size& size) {
  return std::string(kernel) + " " + std::to_string(size.channels) + " to " + std::to_string(size.outputs) +
         ", " + std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace

std::vector<Comparison> self_check(int device, bool thorough) {
  use(device);
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking the device");
  if (major < 8) return {};
  std::vector<Size> sizes = {{5, 19, 64, 128}};
  if (thorough) sizes.insert(sizes.end(), {{37, 83, 128, 128}, {64, 64, 192, 256}, {5, 130, 256, 64}});
  Comparisons made(device, thorough);
  for (const KernelSet kernels : {KernelSet::portable, KernelSet::fast}) {
    const KernelsHere here(kernels);
    const bool portable = kernels == KernelSet::portable;
    if (!portable && !sm90_kernels()) break;
    for (const Size& size : sizes) {
      for (const bool backward : {false, true}) {
        if (portable) {
          const RunConvolution run = [](const Convolution& c, Arithmetic precision, cudaStream_t stream) {
            convolve(c, precision, stream);
            return true;
          };
          compare_convolution(made, named("bf16 convolution", size), true, size, backward, run,
                              Arithmetic::bf16);
          compare_convolution(made, named("TF32 convolution", size), true, size, backward, run,
                              Arithmetic::tf32);
        } else {
          for (int tile = 0; tile < kTilesSm90; ++tile) {
            const RunConvolution run = [tile](const Convolution& c, Arithmetic, cudaStream_t stream) {
              return launch_product_sm90(product_of(c), 9, stream, tile);
            };
            compare_convolution(made, named("sm_90a convolution", size) + ", tile " + std::to_string(tile),
                                false, size, backward, run, Arithmetic::bf16);
          }
        }
      }
      const Size first{size.height, size.width, 64, 64};
      if (!portable) compare_first_two(made, named("sm_90a first two convolutions", first), first);
      compare_gram(made, named(portable ? "bf16 Gram matrix" : "sm_90a Gram matrix", size), portable, size);
    }
  }
  return made.found();
}

}  // namespace scumble::cuda

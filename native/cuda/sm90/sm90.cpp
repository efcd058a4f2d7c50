#include "sm90.h"

#include "../ops/kernel_set.h"

namespace scumble::cuda {

bool sm90_kernels() {
#ifdef SCUMBLE_SM90
  int device = 0;
  int major = 0;
  int minor = 0;
  return cudaGetDevice(&device) == cudaSuccess && kernels_of(device) == KernelSet::fast &&
         cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
         major == 9 &&
         cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) == cudaSuccess &&
         minor == 0;
#else
  return false;
#endif
}

}  // namespace scumble::cuda

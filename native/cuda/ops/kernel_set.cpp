#include "kernel_set.h"

#include <atomic>
#include <cstdint>
#include <utility>

namespace scumble::cuda {
namespace {

std::atomic<uint64_t> portable_devices{0};  // a bit each
thread_local std::optional<KernelSet> kernels_here;

uint64_t bit_of(int device) {
  return device >= 0 && device < 64 ? uint64_t{1} << device : 0;
}

}  // namespace

void use_kernels(int device, KernelSet kernels) {
  if (kernels == KernelSet::portable) {
    portable_devices |= bit_of(device);
  } else {
    portable_devices &= ~bit_of(device);
  }
}

KernelSet kernels_of(int device) {
  if (kernels_here) return *kernels_here;
  return (portable_devices & bit_of(device)) != 0 ? KernelSet::portable : KernelSet::fast;
}

KernelsHere::KernelsHere(KernelSet kernels) : before_(std::exchange(kernels_here, kernels)) {}

KernelsHere::~KernelsHere() {
  kernels_here = before_;
}

}  // namespace scumble::cuda

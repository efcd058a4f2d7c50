// Memory of the host that a device can write by itself, while the host does something else.
#pragma once

#include <cuda_runtime.h>

#include "errors.h"

namespace scumble::cuda {

class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes) { check(cudaMallocHost(&at_, bytes), "pinning memory"); }
  ~PinnedMemory() { cudaFreeHost(at_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  char* at(size_t offset = 0) const { return static_cast<char*>(at_) + offset; }

 private:
  void* at_ = nullptr;
};

}  // namespace scumble::cuda

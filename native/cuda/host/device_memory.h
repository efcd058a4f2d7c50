// A zeroed block of a device's memory, owned.
#pragma once

#include <cuda_runtime.h>

#include <utility>

#include "errors.h"

namespace scumble::cuda {

class DeviceMemory {
 public:
  DeviceMemory(int device, size_t bytes) : device_(device) {
    if (bytes == 0) return;
    use(device);
    const cudaError_t error = cudaMalloc(&at_, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      size_t free = 0;
      size_t total = 0;
      cudaMemGetInfo(&free, &total);
      throw DeviceFailure(DeviceFailure::memory, "the device has too little memory", bytes, free);
    }
    check(error, "allocating device memory");
    try {
      check(cudaMemset(at_, 0, bytes), "clearing device memory");
      check(cudaStreamSynchronize(nullptr), "clearing device memory");  // other streams do not wait for it
    } catch (...) {
      cudaFree(at_);
      throw;
    }
  }
  ~DeviceMemory() {
    if (at_ == nullptr) return;
    cudaSetDevice(device_);
    cudaFree(at_);
  }
  DeviceMemory(DeviceMemory&& other) noexcept
      : device_(other.device_), at_(std::exchange(other.at_, nullptr)) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  DeviceMemory& operator=(DeviceMemory&&) = delete;

  char* at(size_t offset = 0) const { return static_cast<char*>(at_) + offset; }

 private:
  int device_;
  void* at_ = nullptr;
};

}  // namespace scumble::cuda

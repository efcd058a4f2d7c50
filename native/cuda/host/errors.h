// The CUDA runtime's errors as exceptions. Every call that may come from any thread says which device it
// means first: the runtime keeps a current device per thread.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "../../cpp/core/error.h"

namespace scumble::cuda {

// Throws DeviceFailure, and takes the error from the runtime, which would tell it to the next call too. What
// a kernel did wrong (a trap, an address out of bounds) stays all the same: every later call on the device
// fails with it, for as long as the process lives.
inline void check(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  throw DeviceFailure(DeviceFailure::lost, std::string(doing) + ": " + cudaGetErrorString(error) + " (" +
                                               cudaGetErrorName(error) + ")");
}

inline void use(int device) {
  check(cudaSetDevice(device), "choosing the device");
}

}  // namespace scumble::cuda

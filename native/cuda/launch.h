// The one way a kernel is started: typed, so that the stand-in of the tests can take the same source.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace scumble::cuda {

// What a kernel gets without asking; more has to be allowed per kernel.
constexpr size_t kFreeSharedBytes = 48 << 10;

// Queues kernel(arguments...). A failure is found by cudaGetLastError(). Shared memory is dynamic, see
// shared_memory().
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            Arguments&&... arguments) {
  if (shared_bytes > kFreeSharedBytes) {
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  cudaLaunchKernelEx(&config, kernel, static_cast<Arguments&&>(arguments)...);
}

}  // namespace scumble::cuda

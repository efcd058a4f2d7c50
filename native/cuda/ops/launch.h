// The one way a kernel is started: typed, so that the stand-in of the tests can take the same source.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
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

// The same in clusters of `blocks` blocks that follow each other along x (compute capability 9.0): all
// `clusters`, or as many as the device runs at once, where the kernel takes care of the others.
template <typename... Parameters, typename... Arguments>
void launch_clusters(void (*kernel)(Parameters...), int clusters, bool at_once, int blocks, dim3 block,
                     size_t shared_bytes, cudaStream_t stream, Arguments&&... arguments) {
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim.x = static_cast<unsigned>(blocks);
  cluster.val.clusterDim.y = 1;
  cluster.val.clusterDim.z = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(clusters * blocks));
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = &cluster;
  config.numAttrs = 1;
  int most = 0;
  if (at_once && cudaOccupancyMaxActiveClusters(&most, kernel, &config) == cudaSuccess && most > 0) {
    config.gridDim = dim3(static_cast<unsigned>(std::min(clusters, most) * blocks));
  }
  cudaLaunchKernelEx(&config, kernel, static_cast<Arguments&&>(arguments)...);
}

}  // namespace scumble::cuda

#include "devices.h"

#include <cuda_runtime.h>

namespace scumble::cuda {
namespace {

constexpr int kOldestMajor = 7;
constexpr int kOldestMinor = 5;

Device describe(int index) {
  Device device;
  device.index = index;
  cudaDeviceProp properties{};
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, index); error != cudaSuccess) {
    device.problem = cudaGetErrorString(error);
    return device;
  }
  device.name = properties.name;
  device.major = properties.major;
  device.minor = properties.minor;
  device.memory = properties.totalGlobalMem;
  if (device.major < kOldestMajor || (device.major == kOldestMajor && device.minor < kOldestMinor)) {
    device.problem = "compute capability " + std::to_string(device.major) + "." +
                     std::to_string(device.minor) + " is below 7.5 (Turing), the oldest that Scumble runs on";
    return device;
  }
  size_t total = 0;
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = cudaMemGetInfo(&device.free, &total);
  if (error != cudaSuccess) device.problem = cudaGetErrorString(error);
  return device;
}

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

}  // namespace

Devices devices() {
  Devices all;
  cudaRuntimeGetVersion(&all.runtime);
  cudaDriverGetVersion(&all.driver);
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();  // a failure here must not be found by the next kernel's check
  if (all.driver == 0) {
    all.problem = "no NVIDIA driver was found: install one that supports CUDA " + version(all.runtime) +
                  ", and in a container pass the GPU in (docker run --gpus all)";
    return all;
  }
  if (error == cudaErrorInsufficientDriver) {
    all.problem = "the driver supports CUDA " + version(all.driver) + ", this build needs " +
                  version(all.runtime) + ": update the driver";
    return all;
  }
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    all.problem = "the driver sees no GPU (is CUDA_VISIBLE_DEVICES set?)";
    return all;
  }
  if (error != cudaSuccess) {
    all.problem = std::string("the driver refuses: ") + cudaGetErrorString(error);
    return all;
  }
  bool usable = false;
  for (int i = 0; i < count; ++i) {
    all.found.push_back(describe(i));
    usable = usable || all.found.back().problem.empty();
  }
  cudaGetLastError();
  if (!usable) all.problem = "device " + all.found[0].name + ": " + all.found[0].problem;
  return all;
}

}  // namespace scumble::cuda

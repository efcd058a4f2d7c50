// Numbers for the self-check: random ones, and the same ones on a device.
#pragma once

#include <cstdint>
#include <vector>

#include "../host/device_memory.h"
#include "../ops/kernels.h"

namespace scumble::cuda {

// Numbers from -1 to 1 that bfloat16 holds, so that both sides are given the same.
class Numbers {
 public:
  std::vector<float> some(size_t n);

 private:
  uint64_t state_ = 1;
};

void send(const DeviceMemory& to, const void* from, size_t bytes);

// On the device in an element type of their own. Whole vectors of channels, so nothing is padded.
class Values {
 public:
  Values(int device, const std::vector<float>& values, Arithmetic precision);

  void set(const std::vector<float>& values);
  std::vector<float> get() const;
  char* at() const { return memory_.at(); }

 private:
  Arithmetic precision_;
  size_t size_;
  DeviceMemory memory_;
};

}  // namespace scumble::cuda

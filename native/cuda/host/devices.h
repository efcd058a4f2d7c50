// What CUDA devices there are and, where there is none to use, why. No CUDA types here.
#pragma once

#include "../../cpp/core/backends.h"

namespace scumble::cuda {

// Asks the driver anew each time. Never throws.
Devices devices();

// Whether it has the matrix units that TF32 and bfloat16 need.
inline bool has_mma(const Device& device) {
  return device.major >= 8;
}

}  // namespace scumble::cuda

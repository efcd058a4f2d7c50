// What CUDA devices there are and, where there is none to use, why. No CUDA types: whoever includes this need
// not know whether CUDA was compiled in.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace scumble::cuda {

struct Device {
  int index = 0;
  std::string name;
  int major = 0;  // compute capability
  int minor = 0;
  size_t memory = 0;    // bytes in all
  size_t free = 0;      // bytes free now; 0 where it cannot be asked
  std::string problem;  // why it cannot be used, empty if it can

  // Whether it has the matrix units that TF32 and bfloat16 need.
  bool has_mma() const { return major >= 8; }
};

struct Devices {
  std::vector<Device> found;
  int driver = 0;       // CUDA version that the driver supports, as 1000 * major + 10 * minor; 0: no driver
  int runtime = 0;      // CUDA version compiled against, likewise
  std::string problem;  // why none can be used and what would change that, empty if one can
};

// Asks the driver anew each time. Never throws.
Devices devices();

}  // namespace scumble::cuda

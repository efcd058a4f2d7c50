// Resampling of a picture that lies on the host, by a device.
#pragma once

#include <vector>

#include "../../cpp/core/resampling.h"

namespace scumble::cuda {

// As cpu/resample.h says. Throws DeviceFailure.
std::vector<float> resample_on(int device, const float* from, int width, int height, int channels,
                               int to_width, int to_height, const Resampling& how);

}  // namespace scumble::cuda

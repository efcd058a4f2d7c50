// Resampling (core/resampling.h), for the images that come in and for the pyramid's next scale.
#pragma once

#include <vector>

#include "../core/resampling.h"
#include "isa.h"

namespace scumble::cpu {

// `from` has width * height * channels interleaved floats; the result has to_width * to_height * channels.
std::vector<float> resample(const Isa& isa, const float* from, int width, int height, int channels,
                            int to_width, int to_height, const Resampling& how, int threads);

}  // namespace scumble::cpu

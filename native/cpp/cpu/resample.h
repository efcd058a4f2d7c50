// Lanczos resampling (3 lobes, widened when shrinking so that nothing aliases), for the images that come in
// and for the pyramid's next scale.
#pragma once

#include <vector>

#include "isa.h"

namespace scumble::cpu {

// `from` has width * height * channels interleaved floats; the result has to_width * to_height * channels.
// Sample centres are aligned ((i + 1/2) / size), weights sum to one, and pixels beyond the edge do not exist.
// Lanczos overshoots at edges: `low` and `high` bound the result.
std::vector<float> resample(const Isa& isa, const float* from, int width, int height, int channels,
                            int to_width, int to_height, float low, float high, int threads);

}  // namespace scumble::cpu

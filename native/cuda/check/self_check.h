// Whether a card's fast kernels compute what the exact ones do. To be asked on first use of a card; where the
// answer is no, use_kernels(device, KernelSet::portable) keeps clear of those made for its kind of card.
#pragma once

#include <vector>

#include "../../cpp/core/backends.h"

namespace scumble::cuda {

// Compares, on random numbers, every fast kernel that the device can run with the float32 ones, forward and
// backward, at one small size: a few milliseconds. `thorough`: at several, each ten times; the error of a
// kernel that does not always give the same is infinite. Empty on a card without matrix units. Throws
// DeviceFailure.
std::vector<Comparison> self_check(int device, bool thorough = false);

}  // namespace scumble::cuda

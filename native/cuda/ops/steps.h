// What several operations make of steps.
#pragma once

#include "../host/operation.h"

namespace scumble::cuda {

// Of "conv" or "conv_back", which has no bias.
Convolution convolution_of(const Workspace& w, const Step& step);
// Of "gram", with the difference that follows it.
GramDifference difference_of(const Workspace& w, const Step& gram);

}  // namespace scumble::cuda

// collect(networks, { image, pooling, rounding, terms, threads }): Promise<Float32Array[][]>: what
// the image has of the terms whose target is image 0, per term the parts of its statistic. Content is the features
// themselves, gram the Gram matrix, mean-std means and deviations of the channels.
#pragma once

#include "api.h"

namespace scumble::node {

Napi::Value collect(const Napi::CallbackInfo& info);

}  // namespace scumble::node

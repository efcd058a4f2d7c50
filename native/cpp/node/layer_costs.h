// layerCosts(network, { width, height, pooling, rounding, threads, passes }): { costs: Promise<[{ name, width, height,
// channels, bytes, seconds }]>, cancel() }: what each layer takes on the way forward.
#pragma once

#include "api.h"

namespace scumble::node {

Napi::Value layer_costs(const Napi::CallbackInfo& info);

}  // namespace scumble::node

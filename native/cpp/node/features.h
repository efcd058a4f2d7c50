// features(network, { image, layers, pooling, rounding, threads }): { features: Promise<[{ data, width, height,
// channels }]>, cancel() }: what a network makes of an image at some layers, in their order. featureBytes(backend,
// architecture, the same with the image's size): what that takes, in bytes.
#pragma once

#include "api.h"

namespace scumble::node {

Napi::Value features(const Napi::CallbackInfo& info);
Napi::Value feature_bytes(const Napi::CallbackInfo& info);

}  // namespace scumble::node

// recognize(network, { image, top, threads }): { recognized: Promise<{ logits, width, height, likely: [{ index, heat }] }>,
// cancel() }: what a network with a classifier sees in an image, and where. recognitionBytes(backend, architecture, the
// same with the image's size): what that takes, in bytes.
#pragma once

#include "api.h"

namespace scumble::node {

Napi::Value recognize(const Napi::CallbackInfo& info);
Napi::Value recognition_bytes(const Napi::CallbackInfo& info);

}  // namespace scumble::node

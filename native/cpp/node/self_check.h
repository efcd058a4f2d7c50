// Whether a GPU's kernels compute what they should, and which of them to use. A build without CUDA refuses
// both.
#pragma once

#include "api.h"

namespace scumble::node {

Napi::Value self_check(const Napi::CallbackInfo& info);
void use_kernels(const Napi::CallbackInfo& info);

}  // namespace scumble::node

// The operations of a plan's steps on a CUDA device. Each is a file of ops/ that registers itself under the
// name of its step, or of the group of steps that it makes at once: with what its kernels are called.
#pragma once

#include <string_view>

#include "workspace.h"

namespace scumble::cuda {

struct Operation {
  // Queues a step on the workspace's stream. Of a group it is the first step; the others lie behind it.
  void (*queue)(const Workspace& w, const Step& step);
  // Bytes of working memory for features of this shape, if any (Sizes::working_bytes).
  size_t (*working)(const Shape& features, Arithmetic precision) = nullptr;
  // Bytes of scratch that a step wants while it runs, if any.
  size_t (*scratch)(const Plan& plan, const Step& step, Arithmetic precision) = nullptr;
};

// Throws InvalidArgument for one that there is not.
const Operation& operation(std::string_view name);

// Makes an operation known; one for each, at namespace scope.
struct RegisterOperation {
  RegisterOperation(const char* name, const Operation& operation);
};

}  // namespace scumble::cuda

// The operations of a plan's steps on the CPU. Each is a file of ops/ that registers itself under the name of
// its step: how its work is cut into tasks, from sizes alone, and what each task's kernel is called with.
#pragma once

#include <string_view>

#include "workspace.h"

namespace scumble::cpu {

struct Operation {
  // Runs a step; its loss, 0 if it has none.
  double (*run)(const Workspace& w, const Step& step);
  // Floats of scratch that each thread needs for a step, if any.
  size_t (*scratch)(const Machine& machine, const Plan& plan, const Step& step) = nullptr;
  // Bytes of working memory for features of this shape, if any (Sizes::working_bytes).
  size_t (*working)(const Isa& isa, const Shape& features) = nullptr;
};

// Throws InvalidArgument for one that there is not.
const Operation& operation(std::string_view name);

// Makes an operation known; one for each, at namespace scope.
struct RegisterOperation {
  RegisterOperation(const char* name, const Operation& operation);
};

}  // namespace scumble::cpu

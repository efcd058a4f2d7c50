// A product of matrices, cut into tasks: the operation, and what others are made of.
#pragma once

#include "kernels/multiply.h"
#include "workspace.h"

namespace scumble::cpu {

// If `symmetric`, what comes out is known to be, and half of it is computed.
void multiply(const Workspace& w, const Multiplication& m, bool symmetric = false);
// Floats of scratch that each thread needs for a product of this size.
size_t multiply_scratch(const Machine& machine, int rows, int columns);

}  // namespace scumble::cpu

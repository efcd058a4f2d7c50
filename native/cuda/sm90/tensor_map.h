// How Hopper's copy engine is told of a tensor: a map of its sizes and of the box that one copy takes. The
// driver makes it; nothing links against the driver, the runtime is asked for the function.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

namespace scumble::cuda {

// Of bfloat16, C x W x H with C fastest and nothing between; a box is 64 of C (128 bytes, swizzled; see
// ptx_sm90.h) x columns x rows. What a box has outside of the tensor is read as zero and not written. False
// if the driver cannot or will not.
bool encode_tensor(CUtensorMap& map, const void* at, int channels, int width, int height, int columns,
                   int rows);

}  // namespace scumble::cuda

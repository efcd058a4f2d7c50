// What native/cuda/ptx/ptx.h stands for on the host: the instructions' meaning as the PTX ISA manual (8.x)
// defines it, with its fragment layouts. A shared address is a number of bytes from the beginning of the
// block's shared memory.
#pragma once

#include <cstdint>

#include "device.h"

namespace stand_in {

// cp.async: 16 bytes to shared memory, `filled` of them from `from` and zeros after. Lands at the wait; until
// then the destination is poisoned.
void copy_async(uint32_t to, const void* from, int filled);
void commit_copies();
// Waits until at most this many groups have not landed.
void wait_copies(int groups_left);

// ldmatrix: four matrices of 8 rows of 16 bytes; lane 8 i + j gives row j of matrix i.
void load_matrices(uint32_t* registers, bool transposed, uint32_t address);

// mma.sync: d = a b + d, 16 x 8.
void multiply_bf16_k16(float* d, const uint32_t* a, const uint32_t* b);
void multiply_tf32_k8(float* d, const uint32_t* a, const uint32_t* b);

// cvt.rna.tf32.f32.
uint32_t to_tf32(float value);
// cvta.to.shared; a pointer that is not into the block's shared memory is a fault.
uint32_t shared_address(const void* at);

}  // namespace stand_in

// The instructions that C++ has no name for, one function each: on a GPU the PTX itself, elsewhere (the
// tests' stand-in) what the PTX ISA manual says that it does. Warps are whole in all of them but the copies.
//
// cp.async and mma.sync came with sm_80. Compiled for less they trap: kernels that use them are not launched
// there.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#ifndef __CUDACC__
#include "ptx_stand_in.h"
#endif

namespace scumble::cuda {

#ifdef __CUDACC__
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define SCUMBLE_SM80(...) __trap()
#else
#define SCUMBLE_SM80(...) __VA_ARGS__
#endif

// The block's dynamic shared memory, of which there is only one, at least 16-byte aligned.
template <typename T>
__device__ __forceinline__ T* shared_memory() {
  extern __shared__ __align__(1024) unsigned char scumble_shared[];
  return reinterpret_cast<T*>(scumble_shared);
}

// A pointer into shared memory as the instructions below take it.
__device__ __forceinline__ uint32_t shared_address(const void* at) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(at));
}

// Copies 16 bytes from global to shared memory, past the first-level cache, both ends aligned to 16; after the first
// `filled` bytes, zeros. It lands at the wait for the group that cp_async_commit() puts it in.
__device__ __forceinline__ void cp_async(uint32_t to, const void* from, int filled = 16) {
  SCUMBLE_SM80(asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
                            "r"(filled) : "memory"));
}
__device__ __forceinline__ void cp_async_commit() {
  SCUMBLE_SM80(asm volatile("cp.async.commit_group;" :: : "memory"));
}
// Waits until all but the last kLeft groups of this thread have landed.
template <int kLeft>
__device__ __forceinline__ void cp_async_wait() {
  SCUMBLE_SM80(asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory"));
}

// Four matrices of eight rows of 16 bytes: lane 8 i + j gives the address of row j of matrix i. Register i gets
// elements 2 (lane % 4) and the next (16 bits each) of row lane / 4 of matrix i; with `trans`, of its column
// lane / 4.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

// d (16 x 8, float32) += a b. d: elements 2 (lane % 4) and the next of row lane / 4, then of row lane / 4
// + 8. bfloat16, a 16 x 16, b 16 x 8: as four and two matrices of ldmatrix, the first two of a being rows 0
// ... 15 of columns 0 ... 7; b's are of its transpose.
__device__ __forceinline__ void mma_bf16_16816(float (&d)[4], const uint32_t (&a)[4],
                                               const uint32_t (&b)[2]) {
  SCUMBLE_SM80(asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, "
      "%3};" : "+f"(d[0]),
      "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1])));
}
// TF32 (see to_tf32()), a 16 x 8, b 8 x 8: the same with elements of 32 bits.
__device__ __forceinline__ void mma_tf32_1688(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  SCUMBLE_SM80(asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, "
      "%1, %2, "
      "%3};" : "+f"(d[0]),
      "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1])));
}

// To 10 bits of mantissa, to nearest, ties away from zero. Without it the matrix units cut the lower bits
// off.
__device__ __forceinline__ uint32_t to_tf32(float value) {
  uint32_t bits = 0;
  SCUMBLE_SM80(asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value)));
  return bits;
}

#undef SCUMBLE_SM80

#else

template <typename T>
T* shared_memory() {
  return reinterpret_cast<T*>(stand_in::shared().at);
}
inline uint32_t shared_address(const void* at) {
  return stand_in::shared_address(at);
}
inline void cp_async(uint32_t to, const void* from, int filled = 16) {
  stand_in::copy_async(to, from, filled);
}
inline void cp_async_commit() {
  stand_in::commit_copies();
}
template <int kLeft>
void cp_async_wait() {
  stand_in::wait_copies(kLeft);
}
inline void ldmatrix_x4(uint32_t (&r)[4], uint32_t address) {
  stand_in::load_matrices(r, false, address);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t address) {
  stand_in::load_matrices(r, true, address);
}
inline void mma_bf16_16816(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  stand_in::multiply_bf16_k16(d, a, b);
}
inline void mma_tf32_1688(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  stand_in::multiply_tf32_k8(d, a, b);
}
inline uint32_t to_tf32(float value) {
  return stand_in::to_tf32(value);
}

#endif

}  // namespace scumble::cuda

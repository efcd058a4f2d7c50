// Hopper's own instructions (sm_90a), one function each, as ptx.h has those of other cards: copies of tensors
// by the copy engine, mbarriers, clusters, and products of warpgroups. Elsewhere (the tests' stand-in) they
// mean what the PTX ISA manual says.
//
// What every kernel here has to do: fence_barrier_init() and a barrier between barrier_init() and the first
// use of an mbarrier; fence_async() by every thread that wrote shared memory with store_shared() before a
// barrier after which a tensor store or a product reads it; wgmma_fence() before the first product after
// its accumulators were touched, and wgmma_wait() before they are touched again.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "ptx.h"

#ifndef __CUDACC__
#include "ptx_sm90_stand_in.h"
#endif

namespace scumble::cuda {

// Where wgmma finds an operand in shared memory: in rows of 128 bytes, eight to an atom of 1024 at a multiple
// of it, in which the copy engine has swizzled them (CU_TENSOR_MAP_SWIZZLE_128B). K-major: a row of the
// matrix has 64 k, of which a product takes 16 from `address` on; the next eight rows follow.
__device__ __forceinline__ uint64_t k_major(uint32_t address) {
  return static_cast<uint64_t>(address >> 4) | uint64_t{1} << 16 | uint64_t{1024 >> 4} << 32 |
         uint64_t{1} << 62;
}
// Transposed: 64 rows of the matrix lie side by side, one k to 128 bytes; the next 64 rows are `further`
// bytes on.
__device__ __forceinline__ uint64_t transposed(uint32_t address, uint32_t further) {
  return static_cast<uint64_t>(address >> 4) | static_cast<uint64_t>(further >> 4) << 16 |
         uint64_t{1024 >> 4} << 32 | uint64_t{1} << 62;
}

#ifdef __CUDACC__

__device__ __forceinline__ void store_shared(uint32_t address, uint32_t value) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(address), "r"(value) : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t address, uint4 value) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(value.x), "r"(value.y),
               "r"(value.z), "r"(value.w)
               : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t address, uint16_t value) {
  asm volatile("st.shared.b16 [%0], %1;" ::"r"(address), "h"(value) : "memory");
}
// Makes this thread's writes to shared memory known to the copy engine and the matrix units.
__device__ __forceinline__ void fence_async() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// An mbarrier: 8 bytes of shared memory. A phase ends when `count` threads have arrived and the bytes that
// were expected have come; phases are told apart by their parity, and the first is 0.
__device__ __forceinline__ void barrier_init(uint32_t barrier, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}
__device__ __forceinline__ void fence_barrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void barrier_arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
// The same address in another block of the cluster, and an arrival there.
__device__ __forceinline__ uint32_t address_in(uint32_t address, uint32_t rank) {
  uint32_t found;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(found) : "r"(address), "r"(rank));
  return found;
}
__device__ __forceinline__ void barrier_arrive_cluster(uint32_t barrier) {
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}
// Arrives, and has the phase wait for so many bytes more.
__device__ __forceinline__ void barrier_expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}
// Until the phase of this parity has ended: on a new mbarrier, at once for 1. What would wait for ever traps after
// 2^24 tries, so that a card on which something is wrong answers with an error. How long a try lasts is the card's
// choice, so that may take seconds or minutes.
__device__ __forceinline__ void barrier_wait(uint32_t barrier, uint32_t parity) {
  asm volatile(
      "{\n.reg .pred p;\n.reg .u32 tries;\nmov.u32 tries, 0;\n"
      "again:\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%0], %1;\n"
      "@p bra ended;\nadd.u32 tries, tries, 1;\nsetp.lt.u32 p, tries, 0x1000000;\n@p bra again;\ntrap;\n"
      "ended:\n}" ::"r"(barrier),
      "r"(parity)
      : "memory");
}
// All threads of the cluster.
__device__ __forceinline__ void cluster_barrier() {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}
// `threads` threads of the block; 0 is __syncthreads' number.
__device__ __forceinline__ void named_barrier(int number, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(number), "r"(threads) : "memory");
}

// Loads the map's box at (c, x, y), zeros where it lies outside of the tensor; all its bytes count at the
// mbarrier.
__device__ __forceinline__ void load_tensor(uint32_t to, const CUtensorMap& map, int c, int x, int y,
                                            uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], "
      "[%2];" ::"r"(to),
      "l"(reinterpret_cast<uint64_t>(&map)), "r"(barrier), "r"(c), "r"(x), "r"(y)
      : "memory");
}
// The same to the same places of several blocks of the cluster, a bit each.
__device__ __forceinline__ void load_tensor(uint32_t to, const CUtensorMap& map, int c, int x, int y,
                                            uint32_t barrier, uint16_t blocks) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], "
      "[%1, {%3, "
      "%4, %5}], [%2], %6;" ::"r"(to),
      "l"(reinterpret_cast<uint64_t>(&map)), "r"(barrier), "r"(c), "r"(x), "r"(y), "h"(blocks)
      : "memory");
}
// Stores what of the box lies inside of the tensor.
__device__ __forceinline__ void store_tensor(const CUtensorMap& map, int c, int x, int y, uint32_t from) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(
                   reinterpret_cast<uint64_t>(&map)),
               "r"(from), "r"(c), "r"(x), "r"(y)
               : "memory");
}
__device__ __forceinline__ void commit_stores() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
// Until all that this thread has stored has been read from shared memory.
__device__ __forceinline__ void wait_stores_read() {
  asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}

__device__ __forceinline__ void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Until all but the last kLeft groups are made.
template <int kLeft>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
}
// To the compiler, accumulators change here: what is done with them stays behind the wait for them.
template <int kCount>
__device__ __forceinline__ void hold(float (&d)[kCount]) {
#pragma unroll
  for (float& value : d) asm volatile("" : "+f"(value)::"memory");
}

#define SCUMBLE_EIGHT(d, i)                                                                   \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), \
      "+f"(d[i + 6]), "+f"(d[i + 7])

// A warpgroup's d (64 x 64 or 128, float32) += a b, or = where not `add`; a, b: bfloat16, see k_major(). Lane
// T of warp W has elements 8 j + 2 (T % 4) and the next of row 16 W + T / 4, then of the row 8 further.
template <bool kTransposedA, bool kTransposedB>
__device__ __forceinline__ void wgmma_m64n64k16(float (&d)[32], uint64_t a, uint64_t b, bool add) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, "
      "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, p, 1, 1, %35, %36;\n}"
      : SCUMBLE_EIGHT(d, 0), SCUMBLE_EIGHT(d, 8), SCUMBLE_EIGHT(d, 16), SCUMBLE_EIGHT(d, 24)
      : "l"(a), "l"(b), "r"(static_cast<int>(add)), "n"(static_cast<int>(kTransposedA)),
        "n"(static_cast<int>(kTransposedB)));
}
template <bool kTransposedA, bool kTransposedB>
__device__ __forceinline__ void wgmma_m64n128k16(float (&d)[64], uint64_t a, uint64_t b, bool add) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, "
      "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, "
      "%38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "
      "%56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, p, 1, 1, %67, %68;\n}"
      : SCUMBLE_EIGHT(d, 0), SCUMBLE_EIGHT(d, 8), SCUMBLE_EIGHT(d, 16), SCUMBLE_EIGHT(d, 24),
        SCUMBLE_EIGHT(d, 32), SCUMBLE_EIGHT(d, 40), SCUMBLE_EIGHT(d, 48), SCUMBLE_EIGHT(d, 56)
      : "l"(a), "l"(b), "r"(static_cast<int>(add)), "n"(static_cast<int>(kTransposedA)),
        "n"(static_cast<int>(kTransposedB)));
}
// The same where a, 64 x 16, is in registers. Lane T of warp W has of row 16 W + T / 4 elements 2 (T % 4) and
// the next, of the row 8 further the same, then both rows' elements 8 further. b is K-major.
__device__ __forceinline__ void multiply(float (&d)[64], const uint32_t (&a)[4], uint64_t b, bool add) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, "
      "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, "
      "%38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "
      "%56, %57, %58, %59, %60, %61, %62, %63"
      "}, {%64, %65, %66, %67}, %68, p, 1, 1, 0;\n}"
      : SCUMBLE_EIGHT(d, 0), SCUMBLE_EIGHT(d, 8), SCUMBLE_EIGHT(d, 16), SCUMBLE_EIGHT(d, 24),
        SCUMBLE_EIGHT(d, 32), SCUMBLE_EIGHT(d, 40), SCUMBLE_EIGHT(d, 48), SCUMBLE_EIGHT(d, 56)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(add)));
}
template <bool kTransposedA, bool kTransposedB>
__device__ __forceinline__ void multiply(float (&d)[32], uint64_t a, uint64_t b, bool add) {
  wgmma_m64n64k16<kTransposedA, kTransposedB>(d, a, b, add);
}
template <bool kTransposedA, bool kTransposedB>
__device__ __forceinline__ void multiply(float (&d)[64], uint64_t a, uint64_t b, bool add) {
  wgmma_m64n128k16<kTransposedA, kTransposedB>(d, a, b, add);
}
#undef SCUMBLE_EIGHT

// Gives registers back, or takes them; every thread of the warpgroup.
template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

#else

using stand_in::address_in;
using stand_in::barrier_arrive;
using stand_in::barrier_expect;
using stand_in::barrier_init;
using stand_in::barrier_wait;
using stand_in::cluster_barrier;
using stand_in::commit_stores;
using stand_in::fence_async;
using stand_in::fence_barrier_init;
using stand_in::named_barrier;
using stand_in::store_shared;
using stand_in::wgmma_commit;
using stand_in::wgmma_fence;

inline void barrier_arrive_cluster(uint32_t barrier) {
  stand_in::barrier_arrive(barrier);
}
inline void load_tensor(uint32_t to, const CUtensorMap& map, int c, int x, int y, uint32_t barrier,
                        uint16_t blocks = 0) {
  const int at[] = {c, x, y};
  stand_in::load_tensor(to, map, at, 3, barrier, blocks);
}
inline void store_tensor(const CUtensorMap& map, int c, int x, int y, uint32_t from) {
  const int at[] = {c, x, y};
  stand_in::store_tensor(map, at, 3, from);
}
inline void wait_stores_read() {
  stand_in::wait_stores_read(0);
}
template <int kLeft>
void wgmma_wait() {
  stand_in::wgmma_wait(kLeft);
}
template <int kCount>
void hold(float (&)[kCount]) {}
template <bool kTransposedA, bool kTransposedB, int kCount>
void multiply(float (&d)[kCount], uint64_t a, uint64_t b, bool add) {
  stand_in::multiply(d, 2 * kCount, a, b, kTransposedA, kTransposedB, add);
}
template <int kCount>
void multiply(float (&d)[kCount], const uint32_t (&a)[4], uint64_t b, bool add) {
  stand_in::multiply(d, 2 * kCount, a, b, add);
}
template <int kRegisters>
void give_registers() {
  stand_in::set_registers(kRegisters, false);
}
template <int kRegisters>
void take_registers() {
  stand_in::set_registers(kRegisters, true);
}

#endif

// A stage of a ring, and the parity of its mbarriers' phase.
template <int kStages>
struct RingStage {
  uint32_t stage = 0;
  uint32_t parity = 0;
  __device__ __forceinline__ void next() {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

}  // namespace scumble::cuda

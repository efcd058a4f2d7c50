// What native/cuda/ptx/ptx_sm90.h stands for on the host: Hopper's asynchronous instructions as the PTX ISA
// manual (8.x) defines them. An address in a cluster's shared memory has the block's rank + 1 in bits 24 and
// up; without it is the block's own.
//
// Asynchronous instructions (the manual's async proxy) see shared memory through a copy of it: tensor loads
// write to both, and what threads have written by store_shared() gets there by fence_async() of the thread
// that wrote it. So what is read without a fence, or written in any other way, is the poison or what was
// there before.
#pragma once

#include <cstdint>

#include "cuda.h"
#include "device.h"

namespace stand_in {

// st.shared.b32, .v4.b32, .b16.
void store_shared(uint32_t address, uint32_t value);
void store_shared(uint32_t address, uint4 value);
void store_shared(uint32_t address, uint16_t value);
// fence.proxy.async.
void fence_async();

// mbarrier.init, fence.mbarrier_init, .arrive (of any block of the cluster), .arrive.expect_tx,
// .try_wait.parity until it is true.
void barrier_init(uint32_t barrier, uint32_t count);
void fence_barrier_init();
void barrier_arrive(uint32_t barrier);
void barrier_expect(uint32_t barrier, uint32_t bytes);
void barrier_wait(uint32_t barrier, uint32_t parity);
// mapa: the same place in another block of the cluster.
uint32_t address_in(uint32_t address, uint32_t rank);
// barrier.cluster.arrive and .wait.
void cluster_barrier();
// bar.sync.
void named_barrier(int number, int threads);

// cp.async.bulk.tensor from global to shared memory: to the same place of every block in `blocks`, a bit
// each, whose mbarriers at the same place it completes; 0: to its own. And back, in a bulk group.
void load_tensor(uint32_t to, const CUtensorMap& map, const int* at, int rank, uint32_t barrier,
                 uint32_t blocks);
void store_tensor(const CUtensorMap& map, const int* at, int rank, uint32_t from);
void commit_stores();
// Until at most this many groups have not been read.
void wait_stores_read(int groups_left);

// wgmma. d += a b, or = where not `add`: 64 x columns, of bfloat16, k = 16. An operand is K-major, or M- or
// N-major where transposed.
void wgmma_fence();
void multiply(float* d, int columns, uint64_t a, uint64_t b, bool a_transposed, bool b_transposed, bool add);
// With a in registers, and b K-major.
void multiply(float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool add);
void wgmma_commit();
void wgmma_wait(int groups_left);

// setmaxnreg.inc and .dec.
void set_registers(int count, bool more);

}  // namespace stand_in

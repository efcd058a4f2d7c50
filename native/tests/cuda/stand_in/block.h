// Runs the blocks of a grid, one after the other (those of a cluster together), and their threads as fibres.
// One launch at a time.
#pragma once

#include <cstdint>
#include <functional>

#include "device.h"

namespace stand_in {

constexpr int kWarpgroup = 128;  // threads

void set_order(uint64_t seed);
// What unwritten memory holds: NaN of every kind, or with other seeds a large number.
unsigned char poison();
// `cluster` blocks that follow each other run together.
void run_grid(dim3 grid, dim3 block, int cluster, size_t shared_bytes, const std::function<void()>& thread);

// For async.cpp, of the thread that runs. Threads are numbered through their cluster, block by block.
int thread_number();
int threads_of_block();
int rank_of_block();
int blocks_of_cluster();
bool block_has_left(int rank);
Shared shared_of(int rank);
// Lets others run until one of them wakes this thread.
void sleep();
void wake(int thread);
// What is asynchronous happens as late as it may; with every other seed as early as it may.
bool lazy();
size_t random_below(size_t n);

}  // namespace stand_in

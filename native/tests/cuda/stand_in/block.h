// Runs the blocks of a grid, one after the other, and the threads of a block as fibres. One launch at a time.
#pragma once

#include <cstdint>
#include <functional>

#include "device.h"

namespace stand_in {

void set_order(uint64_t seed);
// What unwritten memory holds: NaN of every kind, or with other seeds a large number.
unsigned char poison();
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread);

}  // namespace stand_in

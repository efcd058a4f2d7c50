// What happens beside the threads of a cluster: copies of tensors, mbarriers, products of warpgroups.
// block.cpp calls these at the turns of a cluster's life.
#pragma once

namespace stand_in {

// Around the blocks of a cluster. What is still under way at the end is a fault.
void begin_async();
void end_async();
// When a thread has left the kernel.
void leave_kernel();
// When no thread can go on: lets one thing that is under way happen. False if there is none.
bool land_something();
int waiting_at_mbarriers();

}  // namespace stand_in

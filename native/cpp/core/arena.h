// Places a plan's buffers in one arena.
#pragma once

#include "plan.h"

namespace scumble {

// Gives every buffer its life and an offset such that two overlap in memory only if they are never alive
// together: largest first, each into the lowest gap that the already placed ones leave it. `persistent`
// buffers live throughout. Steps of one group count as one.
void place(Plan& plan, const std::vector<BufferId>& persistent);

}  // namespace scumble

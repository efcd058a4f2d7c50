// The relaxed earth mover's distance of costs, which features and colours each have in their own way.
#pragma once

#include "hypercolumns.h"

namespace scumble {

// Emits `match` (relaxed_emd.cpp) on costs of `count` samples by `others`, as the term's loss, with `scale` added to
// the mean cost; where what it found is.
BufferId match_of(Graph& graph, const Site& at, BufferId costs, int count, int others, double scale);

}  // namespace scumble

// Statistics of one layer that several losses compare: mean products of its features, and their means and
// deviations. What the operations do is said where each was first needed: gram.cpp and mean_std.cpp.
#pragma once

#include "loss.h"

namespace scumble {

// Emits scale * the sum over positions of F F^T, a matrix of channels by channels; a guide weighs the positions.
BufferId products_of(Graph& graph, const Site& at, double scale);
// What differentiates it: S F for a symmetric S, as a step that lacks its output.
Step products_back(Graph& graph, const Site& at, BufferId matrix);

// Emits [mu, sigma] per channel.
BufferId mean_std_of(Graph& graph, const Site& at);

}  // namespace scumble

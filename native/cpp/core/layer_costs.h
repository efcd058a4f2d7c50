// What a network's layers take on a backend, forward: memory from sizes, and time as it was measured.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "backend.h"
#include "features.h"

namespace scumble {

struct LayerCost {
  std::string name;  // input, conv1_1 (with its ReLU), pool1 ...
  Shape shape;
  size_t bytes = 0;    // of its features, which an iteration keeps until their gradient is made
  double seconds = 0;  // the median of the passes; what a backend makes at once is shared out by its products
};

// Of a whole network, up to its last layer, over noise. `request` names no layers. `passes` ≥ 1 are timed, after one that
// warms up. Throws InvalidArgument where the size leaves no pixel at the last layer, and Cancelled.
std::vector<LayerCost> layer_costs(const Backend& backend, const std::shared_ptr<const Network>& network,
                                   FeatureRequest request, int width, int height, int passes,
                                   const std::atomic<bool>& cancelled);

}  // namespace scumble

// The features of some layers of one image, as they are: for whoever judges pictures or looks at what a network sees.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "backend.h"
#include "images.h"

namespace scumble {

struct FeatureRequest {
  std::vector<std::string> layers;  // each once, in any order
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;
  int threads = 1;
};

struct Features {
  Shape shape;
  std::vector<float> values;  // dense, channels last
};

// In the order of the layers asked for. Throws InvalidArgument for a layer that the network does not have or
// that the image is too small for.
std::vector<Features> features_of(const Backend& backend, const std::shared_ptr<const Network>& network,
                                  const FeatureRequest& request, const PictureView& image,
                                  const std::atomic<bool>& cancelled);

// The pass that makes them.
Plan features_plan(const Backend& backend, const Architectures& networks, const FeatureRequest& request,
                   int width, int height);

// What that takes, the result included, from sizes alone.
size_t features_bytes(const Backend& backend, const Architecture& architecture, const FeatureRequest& request,
                      int width, int height);

}  // namespace scumble

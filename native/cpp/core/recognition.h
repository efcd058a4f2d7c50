// What a network with a classifier sees in a picture, and where it looks: Grad-CAM (Selvaraju et al. 2017), by the
// gradient that the engine has anyway.
#pragma once

#include <atomic>
#include <vector>

#include "backend.h"
#include "images.h"

namespace scumble {

// A class among the likeliest.
struct Likely {
  int index = 0;
  // How much each position of the last convolution's features speaks for it, height x width: the features, each weighted
  // by the mean gradient of the class's logit, where their sum is positive.
  std::vector<float> heat;
};

struct Recognized {
  std::vector<double> logits;  // in the mean over all positions of the classifier
  int height = 0;              // of the heat
  int width = 0;
  std::vector<Likely> likely;  // the likeliest first
};

// The `top` likeliest classes. Pools are maxima and round down, as VGG was trained. Throws InvalidArgument for a network
// without a classifier, a picture that is too small for it, and outputs that are no numbers.
Recognized recognize(const Backend& backend, const std::shared_ptr<const Network>& network, int top,
                     int threads, const PictureView& picture, const std::atomic<bool>& cancelled);

// What that takes, from sizes alone.
size_t recognition_bytes(const Backend& backend, const Architecture& architecture, int threads, int width,
                         int height);

}  // namespace scumble

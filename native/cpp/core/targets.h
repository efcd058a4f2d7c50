// What the terms compare the picture with: the statistics of their target images, blended.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "backend.h"
#include "images.h"

namespace scumble {

// What every run of a plan over the same picture shares.
struct Setup {
  Pooling pooling = Pooling::max;
  double pool_scale = 1;
  Rounding rounding = Rounding::floor;
  Objective objective;
  uint64_t seed = 0;  // of what terms draw by lot
  Shape picture{};    // that the run makes
  int threads = 1;
};

// The request of a forward pass over an image of this size.
PlanRequest request_of(const Setup& setup, int width, int height);

// Writes the masks that a plan is guided by.
void write_guides(Program& program, const Plan& plan, const std::vector<MaskView>& masks);

// One term's target: as many lists as its kind has buffers, dense and channels last.
using TargetValues = std::vector<std::vector<float>>;

// What one image has of every term that is made of it, in the order of the terms and their targets.
std::vector<TargetValues> collect(const Backend& backend, const Networks& networks, const Setup& setup,
                                  const std::vector<MaskView>& masks, const PictureView& image, int index,
                                  const std::atomic<bool>& cancelled);

// Every term's target, in the objective's order; a pass over each image. What several images have of one is
// blended, or put one after the other in the order of the images, as its kind has it. Throws InvalidArgument for a target
// image or mask that there is not.
std::vector<TargetValues> targets_of(const Backend& backend, const Networks& networks, const Setup& setup,
                                     const std::vector<PictureView>& images,
                                     const std::vector<MaskView>& masks, const std::atomic<bool>& cancelled);

}  // namespace scumble

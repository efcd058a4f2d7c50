// Whether a card's fast kernels compute what the exact ones do. To be asked on first use of a card; where the
// answer is no, use_kernels(device, KernelSet::portable) keeps clear of those made for its kind of card.
#pragma once

#include <string>
#include <vector>

namespace scumble::cuda {

struct Comparison {
  std::string kernel;
  bool portable = false;  // one of those that run on every card: nothing else can take its place
  double error = 0;       // |fast - exact| / |exact| in the Euclidean norm; infinite if two runs differ
  double tolerance = 0;
  bool good() const { return error <= tolerance; }
};

// Compares, on random numbers, every fast kernel that the device can run with the float32 ones, forward and
// backward, at one small size: a few milliseconds. `thorough`: at several, each ten times. Empty on a card
// without matrix units. Throws DeviceFailure.
std::vector<Comparison> self_check(int device, bool thorough = false);

}  // namespace scumble::cuda

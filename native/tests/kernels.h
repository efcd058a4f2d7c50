// What the tests of kernels share. Every kernel of every instruction set that this processor runs is called
// as operations call it, at sizes and channel counts that fit no tile, in memory of exactly the tensor's
// size: against the reference in double, with the border checked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "support.h"

namespace kernels = scumble::cpu::kernels;
using scumble::cpu::Isa;
using support::Bordered;
using support::Random;

// One rounding in float32 is 6e-8. A pass that rounds a few times stays below kElementwise; a sum of n terms,
// each rounded once with random signs, stays near sqrt(n) * 3e-8: 8e-7 for the 9 * 70 terms of a convolution,
// more where a few results happen to cancel.
constexpr double kElementwise = 3e-7;
constexpr double kSums = 2e-6;
// Garbage in memory that a kernel must overwrite.
constexpr float kGarbage = 12345;

const std::vector<int> kChannels = {1, 3, 5, 16, 17, 33, 64, 70};
const std::vector<std::pair<int, int>> kSizes = {
    {1, 1}, {2, 3}, {17, 31}, {5, 64}, {64, 5}};  // height, width

inline void say(const Isa& isa, int height, int width, int channels, const std::string& more = "") {
  check::at() = std::string(isa.name) + " " + std::to_string(height) + "x" + std::to_string(width) + "x" +
                std::to_string(channels) + " " + more;
}

// Calls pass(y0, y1) for all rows, in two ranges where there are as many, the second first.
template <typename Pass>
void in_parts(int height, const Pass& pass) {
  const int middle = height / 3;
  pass(middle, height);
  if (middle > 0) pass(0, middle);
}

// Like the in-place state before an accumulating kernel: given values, and garbage in the border.
inline Bordered over_garbage(const reference::Tensor& values) {
  Bordered made(values.channels, values.height, values.width, kGarbage);
  made.set(values);
  return made;
}

inline void add(reference::Tensor& to, const reference::Tensor& term) {
  for (size_t i = 0; i < to.values.size(); ++i) to.values[i] += term.values[i];
}

template <typename Visit>
void each_shape(const Visit& visit) {
  for (const auto& [height, width] : kSizes) {
    for (const int channels : kChannels) visit(height, width, channels);
  }
}

// What the tests of kernels that are bound by memory share: in float32 and bfloat16, at sizes and channel counts that
// fit no vector and no block, in memory of exactly the size, with every end that a gradient may have.
#pragma once

#include "../check.h"
#include "../support.h"
#include "device.h"

namespace pointwise {

namespace cuda = scumble::cuda;
using cuda::Arithmetic;
using device::Array;
using support::Random;

const std::vector<Arithmetic> kPrecisions = {Arithmetic::float32, Arithmetic::bf16};
const std::vector<int> kChannels = {1, 3, 8, 13, 40};
const std::vector<std::pair<int, int>> kSizes = {
    {1, 1}, {2, 3}, {17, 31}, {5, 64}, {64, 5}};  // height, width

// A few roundings in float32; in bfloat16 one more, of 2^-8 at most.
inline double elementwise(Arithmetic precision) {
  return precision == Arithmetic::bf16 ? 4e-3 : 3e-7;
}

inline void say(Arithmetic precision, int height, int width, int channels, const std::string& more = "") {
  check::at() = std::string(precision == Arithmetic::bf16 ? "bf16 " : "float32 ") + std::to_string(height) +
                "x" + std::to_string(width) + "x" + std::to_string(channels) + " " + more;
}

// visit(precision, channels, height, width)
template <typename Visit>
void each_shape(const Visit& visit) {
  for (const Arithmetic precision : kPrecisions) {
    for (const int channels : kChannels) {
      for (const auto& [height, width] : kSizes) {
        say(precision, height, width, channels);
        visit(precision, channels, height, width);
      }
    }
  }
}

// What a gradient kernel does with its result: every way to accumulate and to mask.
struct Epilogue {
  bool accumulate;
  bool masked;
};
const std::vector<Epilogue> kEpilogues = {{false, false}, {false, true}, {true, false}, {true, true}};

inline reference::Tensor finished(reference::Tensor value, const Epilogue& epilogue,
                                  const reference::Tensor& there, const reference::Tensor& mask) {
  if (epilogue.accumulate) {
    for (size_t i = 0; i < value.values.size(); ++i) value.values[i] += there.values[i];
  }
  return epilogue.masked ? reference::masked(value, mask) : value;
}

// Where a gradient goes: garbage, or `there` to be added to.
inline device::Tensor target_of(const Epilogue& epilogue, const reference::Tensor& there,
                                Arithmetic precision) {
  return epilogue.accumulate ? device::Tensor(there, precision)
                             : device::Tensor(there.channels, there.height, there.width, precision);
}

// The same as kernels take it.
inline cuda::Gradient gradient_of(const Epilogue& epilogue, const device::Tensor& to,
                                  const device::Tensor& mask) {
  return {to.view(), epilogue.masked ? mask.get() : nullptr, epilogue.accumulate};
}

inline void expect(const device::Tensor& found, const reference::Tensor& expected, double tolerance) {
  CHECK_ALL_CLOSE(found.values(), expected.values, tolerance);
  CHECK(found.padding_is_zero());
}

inline reference::Tensor random(Random& numbers, int channels, int height, int width, Arithmetic precision) {
  return device::rounded(support::random_tensor(numbers, channels, height, width), precision);
}

// A slot of partial sums, added up by the kernel for that.
struct Slot {
  Array<double> partials{cuda::kPartials};

  cuda::Partials view() const { return {partials.get()}; }
  double sum() const {
    const Array<double> sums(1);
    cuda::sum_partials(partials.get(), 1, sums.get(), nullptr);
    return sums.values()[0];
  }
};

}  // namespace pointwise

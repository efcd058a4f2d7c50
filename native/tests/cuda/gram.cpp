// Gram matrices, the style term that is fused with them and its gradient on a CUDA device, in every
// precision, at sizes and channel counts that fit no tile, in memory of exactly the size: against the
// reference in double. Inputs are rounded as the kernel keeps them, so that what is left is the rounding of
// float32 sums and, in bfloat16, of the result.
#include "../check.h"
#include "../support.h"
#include "device.h"
#ifdef SCUMBLE_STAND_IN
#include "stand_in/control.h"
#endif

namespace cuda = scumble::cuda;
using cuda::Precision;
using device::Array;
using device::as_operand;
using device::kPrecisions;
using support::Random;

namespace {

// As conv.cpp's, for the gradient: every tile. For the Gram: one tile and several, one split and several,
// more than a run of float32 sums.
struct Case {
  int height;
  int width;
  int channels;
};
const std::vector<Case> kCases = {{1, 1, 5},    {2, 3, 17},   {17, 31, 70}, {64, 5, 1}, {41, 37, 8},
                                  {3, 11, 136}, {7, 15, 110}, {15, 15, 70}, {9, 30, 30}};
constexpr double kSums = 2e-6;

reference::Tensor random_features(Random& numbers, const Case& shape, Precision precision) {
  reference::Tensor t = support::random_tensor(numbers, shape.channels, shape.height, shape.width, -0.5, 1);
  for (double& v : t.values) v = as_operand(v, precision);
  return t;
}

template <typename Visit>
void each_case(const Visit& visit) {
  for (const Precision precision : kPrecisions) {
    for (const Case& shape : kCases) {
      check::at() = std::to_string(cuda::element_bytes(precision)) + " bytes " +
                    std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
                    std::to_string(shape.channels);
      visit(precision, shape);
    }
  }
}

Array<unsigned char> scratch_for(const Case& shape, Precision precision) {
  return Array<unsigned char>(cuda::gram_scratch_bytes(shape.channels, shape.height, shape.width, precision));
}

}  // namespace

TEST(gram) {
  Random numbers(1);
  each_case([&](Precision precision, const Case& shape) {
    const reference::Tensor features = random_features(numbers, shape, precision);
    const device::Tensor from(features, precision);
    const std::vector<double> expected = reference::gram(features);
    const Array<float> out(expected.size());
    const Array<unsigned char> scratch = scratch_for(shape, precision);
    cuda::gram(from.view(), out.get(), scratch.get(), precision, nullptr);
    CHECK_ALL_CLOSE(out.values(), expected, kSums);
  });
}

TEST(gram_difference) {
  Random numbers(2);
  each_case([&](Precision precision, const Case& shape) {
    const reference::Tensor features = random_features(numbers, shape, precision);
    const device::Tensor from(features, precision);
    std::vector<double> expected = reference::gram(features);
    const size_t c = static_cast<size_t>(shape.channels);
    std::vector<float> targets(c * c);
    double loss = 0;
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j)
        targets[i * c + j] = j < i ? targets[j * c + i] : numbers.uniform(0, 0.1);
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] -= static_cast<double>(targets[i]);
      loss += 0.25 * expected[i] * expected[i];
      expected[i] *= 1e-3;
    }
    const Array<float> target(targets);
    const Array<float> difference(expected.size());
    const Array<double> partials(cuda::kPartials);
    const Array<unsigned char> scratch = scratch_for(shape, precision);
    const cuda::StyleTerm term{target.get(), difference.get(), 1e-3, 0.25};
    cuda::gram_difference(from.view(), term, {partials.get()}, scratch.get(), precision, nullptr);
    CHECK_ALL_CLOSE(difference.values(), expected, 4 * kSums);  // the target cancels part of the Gram
    double sum = 0;
    for (const double p : partials.values()) sum += p;
    CHECK_CLOSE(sum / loss, 1, 8 * kSums);
    const std::vector<float> found = difference.values();
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < i; ++j) CHECK(found[i * c + j] == found[j * c + i]);
    }
  });
}

TEST(style_back) {
#ifdef SCUMBLE_STAND_IN
  stand_in::Machine machine;
  machine.multiprocessors = 1;
  stand_in::machine(machine);
#endif
  Random numbers(3);
  each_case([&](Precision precision, const Case& shape) {
    const reference::Tensor features = random_features(numbers, shape, precision);
    const reference::Tensor there = device::rounded(
        support::random_tensor(numbers, shape.channels, shape.height, shape.width), precision);
    const reference::Tensor positive =
        support::coarse_tensor(numbers, shape.channels, shape.height, shape.width);
    const size_t c = static_cast<size_t>(shape.channels);
    std::vector<float> s(c * c);
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) s[i * c + j] = j < i ? s[j * c + i] : numbers.uniform(-1, 1);
    }
    reference::Tensor product(shape.channels, shape.height, shape.width);
    for (size_t m = 0; m < product.values.size(); m += c) {
      for (size_t i = 0; i < c; ++i) {
        for (size_t j = 0; j < c; ++j) {
          product.values[m + i] +=
              features.values[m + j] * as_operand(static_cast<double>(s[j * c + i]), precision);
        }
      }
    }
    const device::Tensor from(features, precision);
    const device::Tensor mask(positive, precision);
    const Array<float> difference(s);
    for (const bool both : {false, true}) {
      reference::Tensor expected = product;
      if (both) {
        for (size_t i = 0; i < expected.values.size(); ++i) expected.values[i] += there.values[i];
        expected = reference::masked(expected, positive);
      }
      const device::Tensor out = both ? device::Tensor(there, precision)
                                      : device::Tensor(shape.channels, shape.height, shape.width, precision);
      const Array<unsigned char> scratch = scratch_for(shape, precision);
      cuda::style_back(from.view(), difference.get(), out.view(), both ? mask.get() : nullptr, both,
                       scratch.get(), precision, nullptr);
      CHECK_ALL_CLOSE(out.values(), expected.values, precision == Precision::bf16 ? 0x1p-8 : kSums);
      CHECK(out.padding_is_zero());
    }
  });
}

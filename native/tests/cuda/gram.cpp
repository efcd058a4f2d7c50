// Gram matrices, the difference that is fused with them and their gradient on a CUDA device, in every
// precision, at sizes and channel counts that fit no tile, in memory of exactly the size: against the
// reference in double. Inputs are rounded as the kernel keeps them, so that what is left is the rounding of
// float32 sums and, in bfloat16, of the result.
#include "../../cuda/sm90/sm90.h"
#include "../check.h"
#include "device.h"

namespace cuda = scumble::cuda;
using cuda::Arithmetic;
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
const std::vector<Case> kCases = {{1, 1, 5},   {2, 3, 17},   {17, 31, 70}, {64, 5, 1},
                                  {41, 37, 8}, {3, 11, 136}, {7, 15, 110}, {15, 15, 70},
                                  {9, 30, 30}, {3, 4, 160},  {2, 1, 260}};
// For the kernels of compute capability 9.0, in bfloat16: tiles of 64 and of 128, on the diagonal and off it.
const std::vector<Case> kWholeCases = {{9, 17, 64}, {11, 23, 192}, {7, 19, 128}, {5, 27, 256}};
constexpr double kSums = 2e-6;

reference::Tensor random_features(Random& numbers, const Case& shape, Arithmetic precision) {
  return device::random_operand(numbers, shape.channels, shape.height, shape.width, precision, -0.5);
}

template <typename Visit>
void each_case(const Visit& visit) {
  for (const Arithmetic precision : kPrecisions) {
    std::vector<Case> cases = kCases;
    if (precision == Arithmetic::bf16) cases.insert(cases.end(), kWholeCases.begin(), kWholeCases.end());
    for (const Case& shape : cases) {
      check::at() = std::to_string(cuda::element_bytes(precision)) + " bytes " +
                    std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" +
                    std::to_string(shape.channels);
      visit(precision, shape);
    }
  }
}

// The sums over all rows at once.
Array<unsigned char> sums_of(const device::Tensor& features, const Case& shape, Arithmetic precision) {
  Array<unsigned char> sums(cuda::gram_sums_bytes(shape.channels, shape.height, shape.width, precision));
  cuda::gram_sums(features.view(), {0, shape.height}, false, sums.get(), precision, nullptr);
  return sums;
}

double mean_of(const Case& shape) {
  return 1.0 / (static_cast<double>(shape.channels) * shape.height * shape.width);
}

}  // namespace

TEST(gram) {
  Random numbers(1);
  each_case([&](Arithmetic precision, const Case& shape) {
    const reference::Tensor features = random_features(numbers, shape, precision);
    const device::Tensor from(features, precision);
    const std::vector<double> expected = reference::gram(features);
    const Array<float> out(expected.size());
    const Array<unsigned char> sums = sums_of(from, shape, precision);
    cuda::gram(sums.get(), from.view(), mean_of(shape), out.get(), precision, nullptr);
    CHECK_ALL_CLOSE(out.values(), expected, kSums);
  });
}

// Region by region, in any order and with none of the rows, it is the whole's.
TEST(gram_of_regions) {
  Random numbers(6);
  each_case([&](Arithmetic precision, const Case& shape) {
    if (shape.height < 3) return;
    const reference::Tensor features = random_features(numbers, shape, precision);
    const device::Tensor from(features, precision);
    const Array<float> out(static_cast<size_t>(shape.channels) * static_cast<size_t>(shape.channels));
    const Array<unsigned char> sums(
        cuda::gram_sums_bytes(shape.channels, shape.height, shape.width, precision));
    const int middle = shape.height / 3;
    bool accumulate = false;
    for (const cuda::Rows& rows :
         {cuda::Rows{middle, shape.height - middle - 1}, {middle, 0}, {0, middle}, {shape.height - 1, 1}}) {
      cuda::gram_sums(from.view(), rows, accumulate, sums.get(), precision, nullptr);
      accumulate = true;
    }
    cuda::gram(sums.get(), from.view(), mean_of(shape), out.get(), precision, nullptr);
    CHECK_ALL_CLOSE(out.values(), reference::gram(features), kSums);
  });
}

TEST(gram_difference) {
  Random numbers(2);
  each_case([&](Arithmetic precision, const Case& shape) {
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
    const Array<unsigned char> sums = sums_of(from, shape, precision);
    const cuda::GramDifference to{mean_of(shape), target.get(), difference.get(),
                                  1e-3,           0.25,         {partials.get()}};
    cuda::gram_difference(sums.get(), from.view(), to, precision, nullptr);
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

TEST(gram_back) {
  device::multiprocessors(1);
  Random numbers(3);
  each_case([&](Arithmetic precision, const Case& shape) {
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
      const Array<unsigned char> scratch(cuda::gram_back_bytes(shape.channels, precision));
      cuda::gram_back(from.view(), difference.get(), {out.view(), both ? mask.get() : nullptr, both},
                      scratch.get(), precision, nullptr);
      CHECK_ALL_CLOSE(out.values(), expected.values, precision == Arithmetic::bf16 ? 0x1p-8 : kSums);
      CHECK(out.padding_is_zero());
    }
  });
}

#ifdef SCUMBLE_SM90

// Splits that are longer than a run of plain float32 sums.
TEST(gram_on_hopper_over_several_runs) {
  if (!cuda::sm90_kernels()) return;
  Random numbers(4);
  for (const int channels : {64, 128}) {
    check::at() = std::to_string(channels);
    constexpr int kSplits = 2;
    const reference::Tensor features =
        random_features(numbers, {31, 43, channels}, Arithmetic::bf16);  // 1333 positions
    const device::Tensor from(features, Arithmetic::bf16);
    const size_t tile = static_cast<size_t>(cuda::kGramTile) * cuda::kGramTile;
    const size_t tiles = static_cast<size_t>(cuda::gram_tiles_of(channels));
    const Array<float> partials(kSplits * tiles * tile);
    device::in_every_order(
        [&] {
          CHECK(cuda::launch_gram_sm90(from.view(), kSplits, false, partials.get(), nullptr));
          const std::vector<float> found = partials.values();
          const std::vector<double> gram = reference::gram(features);
          std::vector<double> sums;
          std::vector<double> expected;
          const int across = cuda::gram_tiles_across(channels);
          for (size_t i = 0; i < tiles * tile; ++i) {
            const cuda::MatrixTile found_tile = cuda::matrix_tile(static_cast<int>(i / tile), across);
            const size_t row = static_cast<size_t>(found_tile.row) * 64 + i % tile / 64;
            const size_t column = static_cast<size_t>(found_tile.column) * 64 + i % 64;
            expected.push_back(gram[row * static_cast<size_t>(channels) + column] * channels * 31 * 43);
            sums.push_back(static_cast<double>(found[i]) + static_cast<double>(found[tiles * tile + i]));
          }
          CHECK_ALL_CLOSE(sums, expected, kSums);
        },
        2);
  }
}

// A product of one tap, which a Gram matrix's gradient is, by every tile.
TEST(one_tap_on_hopper) {
  if (!cuda::sm90_kernels()) return;
  Random numbers(5);
  for (int tile = 0; tile < cuda::kTilesSm90; ++tile) {
    check::at() = "tile " + std::to_string(tile);
    const int channels = 192;
    const int outputs = 128;
    const reference::Tensor in = random_features(numbers, {9, 35, channels}, Arithmetic::bf16);
    const reference::Tensor weights = random_features(numbers, {1, outputs, channels}, Arithmetic::bf16);
    reference::Tensor expected(outputs, 9, 35);
    for (size_t i = 0; i < expected.values.size(); ++i) {
      const size_t pixel = i / static_cast<size_t>(outputs) * static_cast<size_t>(channels);
      const size_t row = i % static_cast<size_t>(outputs) * static_cast<size_t>(channels);
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
        expected.values[i] += in.values[pixel + c] * weights.values[row + c];
      }
    }
    const device::Tensor from(in, Arithmetic::bf16);
    const device::Tensor by(weights, Arithmetic::bf16);
    const device::Tensor out(outputs, 9, 35, Arithmetic::bf16);
    const cuda::Product p{from.get(), by.get(), out.view().at, nullptr, nullptr, channels, outputs,
                          9,          35,       false,         false};
    CHECK(cuda::launch_product_sm90(p, 1, nullptr, tile));
    CHECK_ALL_CLOSE(out.values(), expected.values, 0x1p-8);
  }
}

#endif

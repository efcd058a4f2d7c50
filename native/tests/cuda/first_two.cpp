// The first two convolutions in one pass, with the Gram matrix between and the pool behind: what the kernels
// that make them one by one give, and the reference in double. One multiprocessor takes tile after tile, and
// sums over several runs.
#include "../../cuda/sm90/sm90.h"
#include "../check.h"
#include "device.h"

namespace cuda = scumble::cuda;
using cuda::Arithmetic;
using device::Array;
using support::Random;

namespace {

constexpr int kChannels = 64;
constexpr auto kBf16 = Arithmetic::bf16;

Array<unsigned char> packed(const scumble::ConvolutionWeights& w, int inputs, bool first) {
  const cuda::WeightsOf of{inputs, kChannels, first, false};
  std::vector<unsigned char> bytes(cuda::packed_weight_bytes(of, kBf16));
  cuda::pack_weights(w.weight.data(), of, kBf16, bytes.data());
  return Array<unsigned char>(bytes);
}

std::vector<float> reference_gram(const std::vector<double>& features) {
  std::vector<double> sums(kChannels * kChannels);
  for (size_t m = 0; m < features.size(); m += kChannels) {
    for (size_t i = 0; i < kChannels; ++i) {
      for (size_t j = 0; j < kChannels; ++j) sums[i * kChannels + j] += features[m + i] * features[m + j];
    }
  }
  std::vector<float> gram(sums.size());
  for (size_t i = 0; i < gram.size(); ++i) {
    gram[i] = static_cast<float>(sums[i] / static_cast<double>(features.size()));
  }
  return gram;
}

// A network's beginning on the device, and where its results go.
struct Beginning {
  int height;
  int width;
  scumble::ConvolutionWeights first_weights;
  scumble::ConvolutionWeights second_weights;
  reference::Tensor picture;
  device::Tensor in;
  device::Tensor middle{kChannels, height, width, kBf16};
  device::Tensor out{kChannels, height, width, kBf16};
  Array<unsigned char> first_packed;
  Array<unsigned char> second_packed;
  Array<float> first_bias;
  Array<float> second_bias;

  Beginning(Random& numbers, int height_, int width_)
      : height(height_),
        width(width_),
        first_weights(support::random_weights(numbers, 3, kChannels)),
        second_weights(support::random_weights(numbers, kChannels, kChannels)),
        picture(device::rounded(support::random_tensor(numbers, 3, height, width), kBf16)),
        in(picture, kBf16),
        first_packed(packed(first_weights, 3, true)),
        second_packed(packed(second_weights, kChannels, false)),
        first_bias(first_weights.bias),
        second_bias(second_weights.bias) {
    for (float& w : second_weights.weight)
      w = static_cast<float>(device::rounded(static_cast<double>(w), kBf16));
  }

  cuda::FirstTwo two(bool replicate = false) const {
    cuda::FirstTwo made;
    made.first.in = in.view();
    made.first.out = middle.view();
    made.first.weights = first_packed.get();
    made.first.bias = first_bias.get();
    made.first.relu = true;
    made.first.first = true;
    made.first.replicate = replicate;
    made.second.in = middle.view();
    made.second.out = out.view();
    made.second.weights = second_packed.get();
    made.second.bias = second_bias.get();
    made.second.relu = true;
    return made;
  }
};

}  // namespace

TEST(first_two_convolutions) {
  if (!cuda::sm90_kernels()) return;
  Random numbers(1);
  int run = 0;
  for (const auto& [height, width] : {std::pair{1, 1}, {7, 18}, {37, 45}, {16, 33}}) {
    device::multiprocessors(run % 2 == 0 ? 3 : 1);
    const bool replicate = run % 2 == 1;
    const cuda::Pool kind = std::vector{cuda::Pool::max, cuda::Pool::average, cuda::Pool::l2}[run % 3];
    ++run;
    check::at() = std::to_string(height) + "x" + std::to_string(width);
    const Beginning b(numbers, height, width);
    const device::Tensor pooled(kChannels, (height + 1) / 2, (width + 1) / 2, kBf16);
    const Array<unsigned char> sums(cuda::gram_sums_bytes(kChannels, height, width, kBf16));
    std::vector<float> targets(kChannels * kChannels);
    for (float& t : targets) t = numbers.uniform(0, 1);
    for (size_t i = 0; i < kChannels; ++i) {
      for (size_t j = 0; j < i; ++j) targets[i * kChannels + j] = targets[j * kChannels + i];
    }
    const Array<float> target(targets);
    const Array<float> difference(targets.size());
    const Array<double> losses(cuda::kPartials);
    cuda::FirstTwo two = b.two(replicate);
    two.pooled = pooled.view();
    two.kind = kind;
    const double mean = 1 / (static_cast<double>(kChannels) * height * width);
    two.difference = {mean, target.get(), difference.get(), 1, 1, {losses.get()}};
    two.sums = sums.get();
    CHECK(cuda::convolve_first_two(two, kBf16, nullptr));

    const device::Tensor middle(kChannels, height, width, kBf16);
    cuda::Convolution first = two.first;
    first.out = middle.view();
    cuda::convolve(first, kBf16, nullptr);
    CHECK(b.middle.bytes() == middle.bytes());

    reference::Tensor features(kChannels, height, width);
    features.values = b.middle.values();
    const reference::Tensor expected =
        reference::relu(reference::convolve(features, b.second_weights, scumble::Padding::zero));
    CHECK_ALL_CLOSE(b.out.values(), expected.values, 0x1p-8);

    const device::Tensor windows(kChannels, (height + 1) / 2, (width + 1) / 2, kBf16);
    cuda::pool(kind, 1, b.out.view(), windows.view(), kBf16, nullptr);
    CHECK(pooled.bytes() == windows.bytes());

    std::vector<float> gram = reference_gram(features.values);
    double loss = 0;
    for (size_t i = 0; i < gram.size(); ++i) {
      gram[i] -= targets[i];
      loss += static_cast<double>(gram[i]) * static_cast<double>(gram[i]);
    }
    CHECK_ALL_CLOSE(difference.values(), gram, 2e-6);
    double sum = 0;
    for (const double part : losses.values()) sum += part;
    CHECK_CLOSE(sum / loss, 1, 1e-5);
  }
}

// With nothing between and behind; and in every order of threads.
TEST(first_two_convolutions_alone) {
  if (!cuda::sm90_kernels()) return;
  device::multiprocessors(1);
  Random numbers(2);
  const Beginning b(numbers, 17, 19);
  std::vector<unsigned char> before;
  device::in_every_order([&] {
    CHECK(cuda::convolve_first_two(b.two(), kBf16, nullptr));
    if (before.empty()) before = b.out.bytes();
    CHECK(b.out.bytes() == before);
  });
}

TEST(what_no_kernel_takes_is_left_alone) {
  Random numbers(3);
  const Beginning b(numbers, 2, 2);
  const std::vector<unsigned char> before = b.out.bytes();
  CHECK(!cuda::convolve_first_two(b.two(), Arithmetic::tf32, nullptr));
  cuda::FirstTwo narrow = b.two();
  narrow.second.out.channels = 32;
  CHECK(!cuda::convolve_first_two(narrow, kBf16, nullptr));
  cuda::FirstTwo later = b.two();
  later.first.first = false;
  CHECK(!cuda::convolve_first_two(later, kBf16, nullptr));
  cuda::FirstTwo without_relu = b.two();
  without_relu.first.relu = false;
  CHECK(!cuda::convolve_first_two(without_relu, kBf16, nullptr));
  CHECK(b.out.bytes() == before);
}

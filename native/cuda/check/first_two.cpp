#include "comparisons.h"
#include "values.h"

namespace scumble::cuda {

// The first convolution's Gram matrix, and the second one's result, which has the first's rounding too.
void compare_first_two(Comparisons& to, const std::string& kernel, const Size& size) {
  const int device = to.device();
  const Stream& stream = to.stream();
  constexpr int kInputs = 3;
  Numbers numbers;
  const size_t pixels = static_cast<size_t>(size.height) * static_cast<size_t>(size.width);
  const size_t channels = static_cast<size_t>(size.channels);
  std::vector<float> picture = numbers.some(pixels * kChannelAlign);
  for (size_t i = 0; i < picture.size(); ++i) {
    if (i % kChannelAlign >= kInputs) picture[i] = 0;
  }
  const std::vector<float> weights[] = {numbers.some(9 * kInputs * channels),
                                        numbers.some(9 * channels * channels)};
  const std::vector<float> biases[] = {numbers.some(channels), numbers.some(channels)};
  const std::vector<float> nothing(pixels * channels);
  const Values target(device, std::vector<float>(channels * channels), Arithmetic::float32);
  const DeviceMemory losses(device, kPartials * sizeof(double));

  struct Side {
    Values in, middle, out, difference;
    DeviceMemory weights[2];
    Values bias[2];
    DeviceMemory sums, convolution_scratch;
    size_t convolution_scratch_bytes;
  };
  const auto side = [&](Arithmetic p) {
    const size_t scratch =
        convolution_scratch_bytes(size.channels, size.channels, size.height, size.width, p);
    const WeightsOf packings[] = {{kInputs, size.channels, true, false},
                                  {size.channels, size.channels, false, false}};
    Side made{{device, picture, p},
              {device, nothing, p},
              {device, nothing, p},
              {device, std::vector<float>(channels * channels), Arithmetic::float32},
              {{device, packed_weight_bytes(packings[0], p)}, {device, packed_weight_bytes(packings[1], p)}},
              {{device, biases[0], Arithmetic::float32}, {device, biases[1], Arithmetic::float32}},
              {device, gram_sums_bytes(size.channels, size.height, size.width, p)},
              {device, scratch},
              scratch};
    for (int i = 0; i < 2; ++i) {
      std::vector<char> packed(packed_weight_bytes(packings[i], p));
      pack_weights(weights[i].data(), packings[i], p, packed.data());
      send(made.weights[i], packed.data(), packed.size());
    }
    return made;
  };
  const auto operands = [&](const Side& s) {
    FirstTwo two;
    two.first.in = {s.in.at(), kInputs, size.height, size.width};
    two.first.out = two.second.in = {s.middle.at(), size.channels, size.height, size.width};
    two.second.out = {s.out.at(), size.channels, size.height, size.width};
    two.first.relu = two.second.relu = true;
    two.first.first = true;
    two.first.weights = s.weights[0].at();
    two.second.weights = s.weights[1].at();
    two.first.bias = reinterpret_cast<const float*>(s.bias[0].at());
    two.second.bias = reinterpret_cast<const float*>(s.bias[1].at());
    two.difference = {1 / static_cast<double>(nothing.size()),
                      reinterpret_cast<const float*>(target.at()),
                      reinterpret_cast<float*>(s.difference.at()),
                      1,
                      1,
                      {reinterpret_cast<double*>(losses.at())}};
    two.sums = s.sums.at();
    two.second.scratch = s.convolution_scratch.at();
    two.second.scratch_bytes = s.convolution_scratch_bytes;
    return two;
  };
  const Side exact = side(Arithmetic::float32);
  const FirstTwo two = operands(exact);
  convolve(two.first, Arithmetic::float32, stream);
  gram_sums(two.first.out, {0, size.height}, false, two.sums, Arithmetic::float32, stream);
  gram_difference(two.sums, two.first.out, two.difference, Arithmetic::float32, stream);
  convolve(two.second, Arithmetic::float32, stream);
  to.wait();
  const Side fast = side(Arithmetic::bf16);
  const auto queue = [&] { return convolve_first_two(operands(fast), Arithmetic::bf16, stream); };
  to.add(kernel, false, kRounded, exact.out.get(), queue, [&] { return fast.out.get(); });
  to.add(kernel + ", Gram matrix", false, kRounded, exact.difference.get(), queue,
         [&] { return fast.difference.get(); });
}

}  // namespace scumble::cuda

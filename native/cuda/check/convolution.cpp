#include "comparisons.h"
#include "values.h"

namespace scumble::cuda {

// Forward with bias and ReLU, backward onto what is there and under a mask.
void compare_convolution(Comparisons& to, const std::string& kernel, bool portable, const Size& size,
                         bool backward, const RunConvolution& run, Arithmetic precision) {
  const int device = to.device();
  const Stream& stream = to.stream();
  Numbers numbers;
  const size_t pixels = static_cast<size_t>(size.height) * static_cast<size_t>(size.width);
  const std::vector<float> in = numbers.some(pixels * static_cast<size_t>(size.channels));
  const std::vector<float> there = numbers.some(pixels * static_cast<size_t>(size.outputs));
  const std::vector<float> mask = numbers.some(there.size());
  const std::vector<float> bias = numbers.some(static_cast<size_t>(size.outputs));
  const std::vector<float> weight =
      numbers.some(9 * static_cast<size_t>(size.channels) * static_cast<size_t>(size.outputs));
  const int from = backward ? size.outputs : size.channels;  // as the network has it
  const int into = backward ? size.channels : size.outputs;

  // A side's operands, and its result.
  struct Side {
    Values in, out, mask, bias;
    DeviceMemory weights, scratch;
    size_t scratch_bytes;
  };
  const auto side = [&](Arithmetic p) {
    const size_t scratch = convolution_scratch_bytes(size.channels, size.outputs, size.height, size.width, p);
    const WeightsOf of{from, into, false, backward};
    std::vector<char> packed(packed_weight_bytes(of, p));
    pack_weights(weight.data(), of, p, packed.data());
    Side made{{device, in, p},
              {device, there, p},
              {device, mask, p},
              {device, bias, Arithmetic::float32},
              {device, packed.size()},
              {device, scratch},
              scratch};
    send(made.weights, packed.data(), packed.size());
    return made;
  };
  const auto operands = [&](const Side& s) {
    Convolution c;
    c.in = {s.in.at(), size.channels, size.height, size.width};
    c.out = {s.out.at(), size.outputs, size.height, size.width};
    c.weights = s.weights.at();
    c.scratch = s.scratch.at();
    c.scratch_bytes = s.scratch_bytes;
    if (backward) {
      c.mask = s.mask.at();
      c.accumulate = true;
    } else {
      c.bias = reinterpret_cast<const float*>(s.bias.at());
      c.relu = true;
    }
    return c;
  };
  const Side exact = side(Arithmetic::float32);
  convolve(operands(exact), Arithmetic::float32, stream);
  to.wait();
  Side fast = side(precision);
  to.add(
      kernel + (backward ? ", backward" : ", forward"), portable,
      precision == Arithmetic::bf16 ? kRounded : kSummed, exact.out.get(),
      [&] {
        fast.out.set(there);
        return run(operands(fast), precision, stream);
      },
      [&] { return fast.out.get(); });
}

}  // namespace scumble::cuda

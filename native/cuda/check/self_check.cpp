#include "self_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

#include "../../cpp/core/half.h"
#include "../host/device_memory.h"
#include "../host/stream.h"
#include "../ops/kernel_set.h"
#include "../sm90/sm90.h"

namespace scumble::cuda {
namespace {

// Both sides are given numbers that bfloat16 holds. What it makes of them may be off by its rounding, sums of
// float32 hardly.
constexpr double kRounded = 0x1p-8;
constexpr double kSummed = 1e-5;

// Numbers from -1 to 1 that bfloat16 holds, so that both sides are given the same.
class Numbers {
 public:
  std::vector<float> some(size_t n) {
    std::vector<float> values(n);
    for (float& v : values) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      v = bfloat16_to_float(float_to_bfloat16(static_cast<float>(state_ >> 40) * 0x1p-23f - 1));
    }
    return values;
  }

 private:
  uint64_t state_ = 1;
};

double relative_error(const std::vector<float>& fast, const std::vector<float>& exact) {
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const double e = static_cast<double>(exact[i]);
    const double d = static_cast<double>(fast[i]) - e;
    error += d * d;
    norm += e * e;
  }
  return std::sqrt(error / norm);
}

void send(const DeviceMemory& to, const void* from, size_t bytes) {
  check(cudaMemcpy(to.at(), from, bytes, cudaMemcpyHostToDevice), "checking the kernels");
}

// The same numbers on the device in an element type of their own. Whole vectors of channels, so nothing is
// padded.
class Values {
 public:
  Values(int device, const std::vector<float>& values, Precision precision)
      : precision_(precision), size_(values.size()), memory_(device, size_ * element_bytes(precision)) {
    set(values);
  }
  void set(const std::vector<float>& values) {
    if (precision_ != Precision::bf16) return send(memory_, values.data(), size_ * sizeof(float));
    std::vector<uint16_t> halves(size_);
    std::transform(values.begin(), values.end(), halves.begin(), float_to_bfloat16);
    send(memory_, halves.data(), size_ * sizeof(uint16_t));
  }
  std::vector<float> get() const {
    std::vector<char> bytes(size_ * element_bytes(precision_));
    check(cudaMemcpy(bytes.data(), memory_.at(), bytes.size(), cudaMemcpyDeviceToHost),
          "checking the kernels");
    std::vector<float> values(size_);
    if (precision_ != Precision::bf16) {
      std::copy_n(reinterpret_cast<const float*>(bytes.data()), size_, values.begin());
    } else {
      std::transform(reinterpret_cast<const uint16_t*>(bytes.data()),
                     reinterpret_cast<const uint16_t*>(bytes.data()) + size_, values.begin(),
                     bfloat16_to_float);
    }
    return values;
  }
  char* at() const { return memory_.at(); }

 private:
  Precision precision_;
  size_t size_;
  DeviceMemory memory_;
};

struct Size {
  int height;
  int width;
  int channels;
  int outputs;
};

using Run = std::function<bool(const Convolution&, Precision, cudaStream_t)>;

class Check {
 public:
  Check(int device, bool thorough) : device_(device), runs_(thorough ? 10 : 1), stream_(device) {}

  std::vector<Comparison> found;

  // The result of queue() in `out`, over and over.
  void compare(const std::string& kernel, bool portable, double tolerance, const std::vector<float>& exact,
               const std::function<bool()>& queue, const std::function<std::vector<float>()>& result) {
    Comparison made{kernel, portable, 0, tolerance};
    std::vector<float> first;
    for (int i = 0; i < runs_; ++i) {
      const bool queued = queue();
      check(cudaGetLastError(), "checking the kernels");
      if (!queued) return;
      stream_.wait("checking the kernels");
      const std::vector<float> fast = result();
      if (i == 0) {
        first = fast;
        made.error = relative_error(fast, exact);
      } else if (fast != first) {
        made.error = INFINITY;
      }
    }
    found.push_back(made);
  }

  // Forward with bias and ReLU, backward onto what is there and under a mask.
  void convolution(const std::string& kernel, bool portable, const Size& size, bool backward, const Run& run,
                   Precision precision) {
    Numbers numbers;
    const size_t pixels = static_cast<size_t>(size.height) * static_cast<size_t>(size.width);
    const std::vector<float> in = numbers.some(pixels * static_cast<size_t>(size.channels));
    const std::vector<float> there = numbers.some(pixels * static_cast<size_t>(size.outputs));
    const std::vector<float> mask = numbers.some(there.size());
    const std::vector<float> bias = numbers.some(static_cast<size_t>(size.outputs));
    const std::vector<float> weight =
        numbers.some(9 * static_cast<size_t>(size.channels) * static_cast<size_t>(size.outputs));
    const int from = backward ? size.outputs : size.channels;  // as the network has it
    const int to = backward ? size.channels : size.outputs;

    // A side's operands, and its result.
    struct Side {
      Values in, out, mask, bias;
      DeviceMemory weights, scratch;
      size_t scratch_bytes;
    };
    const auto side = [&](Precision p) {
      const size_t scratch =
          convolution_scratch_bytes(size.channels, size.outputs, size.height, size.width, p);
      const WeightsOf of{from, to, false, backward};
      std::vector<char> packed(packed_weight_bytes(of, p));
      pack_weights(weight.data(), of, p, packed.data());
      Side made{{device_, in, p},
                {device_, there, p},
                {device_, mask, p},
                {device_, bias, Precision::float32},
                {device_, packed.size()},
                {device_, scratch},
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
    const Side exact = side(Precision::float32);
    convolve(operands(exact), Precision::float32, stream_);
    check(cudaGetLastError(), "checking the kernels");
    stream_.wait("checking the kernels");
    Side fast = side(precision);
    compare(
        kernel + (backward ? ", backward" : ", forward"), portable,
        precision == Precision::bf16 ? kRounded : kSummed, exact.out.get(),
        [&] {
          fast.out.set(there);
          return run(operands(fast), precision, stream_);
        },
        [&] { return fast.out.get(); });
  }

  // The first convolution's Gram matrix, and the second one's result, which has the first's rounding too.
  void first_two(const std::string& kernel, const Size& size) {
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
    const Values target(device_, std::vector<float>(channels * channels), Precision::float32);
    const DeviceMemory losses(device_, kPartials * sizeof(double));

    struct Side {
      Values in, middle, out, difference;
      DeviceMemory weights[2];
      Values bias[2];
      DeviceMemory scratch, convolution_scratch;
      size_t convolution_scratch_bytes;
    };
    const auto side = [&](Precision p) {
      const size_t scratch =
          convolution_scratch_bytes(size.channels, size.channels, size.height, size.width, p);
      const WeightsOf ofs[] = {{kInputs, size.channels, true, false},
                               {size.channels, size.channels, false, false}};
      Side made{{device_, picture, p},
                {device_, nothing, p},
                {device_, nothing, p},
                {device_, std::vector<float>(channels * channels), Precision::float32},
                {{device_, packed_weight_bytes(ofs[0], p)}, {device_, packed_weight_bytes(ofs[1], p)}},
                {{device_, biases[0], Precision::float32}, {device_, biases[1], Precision::float32}},
                {device_, gram_scratch_bytes(size.channels, size.height, size.width, p)},
                {device_, scratch},
                scratch};
      for (int i = 0; i < 2; ++i) {
        std::vector<char> packed(packed_weight_bytes(ofs[i], p));
        pack_weights(weights[i].data(), ofs[i], p, packed.data());
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
      two.style = {reinterpret_cast<const float*>(target.at()), reinterpret_cast<float*>(s.difference.at()),
                   1, 1};
      two.losses = {reinterpret_cast<double*>(losses.at())};
      two.scratch = s.scratch.at();
      two.second.scratch = s.convolution_scratch.at();
      two.second.scratch_bytes = s.convolution_scratch_bytes;
      return two;
    };
    const Side exact = side(Precision::float32);
    const FirstTwo two = operands(exact);
    convolve(two.first, Precision::float32, stream_);
    gram_difference(two.first.out, two.style, two.losses, two.scratch, Precision::float32, stream_);
    convolve(two.second, Precision::float32, stream_);
    check(cudaGetLastError(), "checking the kernels");
    stream_.wait("checking the kernels");
    const Side fast = side(Precision::bf16);
    const auto queue = [&] { return convolve_first_two(operands(fast), Precision::bf16, stream_); };
    compare(kernel, false, kRounded, exact.out.get(), queue, [&] { return fast.out.get(); });
    compare(kernel + ", Gram matrix", false, kRounded, exact.difference.get(), queue,
            [&] { return fast.difference.get(); });
  }

  void gram_matrix(const std::string& kernel, bool portable, const Size& size) {
    Numbers numbers;
    const std::vector<float> values =
        numbers.some(static_cast<size_t>(size.height) * static_cast<size_t>(size.width) *
                     static_cast<size_t>(size.channels));
    const size_t elements = static_cast<size_t>(size.channels) * static_cast<size_t>(size.channels);
    const auto make = [&](const Values& features, const DeviceMemory& out, Precision precision) {
      const DeviceMemory scratch(device_,
                                 gram_scratch_bytes(size.channels, size.height, size.width, precision));
      gram({features.at(), size.channels, size.height, size.width}, reinterpret_cast<float*>(out.at()),
           scratch.at(), precision, stream_);
      stream_.wait("checking the kernels");
    };
    const auto result = [&](const DeviceMemory& out) {
      std::vector<float> matrix(elements);
      check(cudaMemcpy(matrix.data(), out.at(), elements * sizeof(float), cudaMemcpyDeviceToHost),
            "checking the kernels");
      return matrix;
    };
    const DeviceMemory out(device_, elements * sizeof(float));
    make({device_, values, Precision::float32}, out, Precision::float32);
    const std::vector<float> exact = result(out);
    const Values features(device_, values, Precision::bf16);
    compare(
        kernel, portable, kSummed, exact,
        [&] {
          make(features, out, Precision::bf16);
          return true;
        },
        [&] { return result(out); });
  }

 private:
  int device_;
  int runs_;
  Stream stream_;
};

std::string named(const char* kernel, const Size& size) {
  return std::string(kernel) + " " + std::to_string(size.channels) + " to " + std::to_string(size.outputs) +
         ", " + std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace

std::vector<Comparison> self_check(int device, bool thorough) {
  use(device);
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking the device");
  if (major < 8) return {};
  std::vector<Size> sizes = {{5, 19, 64, 128}};
  if (thorough) sizes.insert(sizes.end(), {{37, 83, 128, 128}, {64, 64, 192, 256}, {5, 130, 256, 64}});
  Check checks(device, thorough);
  for (const KernelSet kernels : {KernelSet::portable, KernelSet::fast}) {
    const KernelsHere here(kernels);
    const bool portable = kernels == KernelSet::portable;
    if (!portable && !sm90_kernels()) break;
    for (const Size& size : sizes) {
      for (const bool backward : {false, true}) {
        if (portable) {
          const Run run = [](const Convolution& c, Precision precision, cudaStream_t stream) {
            convolve(c, precision, stream);
            return true;
          };
          checks.convolution(named("bf16 convolution", size), true, size, backward, run, Precision::bf16);
          checks.convolution(named("TF32 convolution", size), true, size, backward, run, Precision::tf32);
        } else {
          for (int tile = 0; tile < kTilesSm90; ++tile) {
            const Run run = [tile](const Convolution& c, Precision, cudaStream_t stream) {
              return launch_product_sm90(product_of(c), 9, stream, tile);
            };
            checks.convolution(named("sm_90a convolution", size) + ", tile " + std::to_string(tile), false,
                               size, backward, run, Precision::bf16);
          }
        }
      }
      const Size first{size.height, size.width, 64, 64};
      if (!portable) checks.first_two(named("sm_90a first two convolutions", first), first);
      checks.gram_matrix(named(portable ? "bf16 Gram matrix" : "sm_90a Gram matrix", size), portable, size);
    }
  }
  return checks.found;
}

}  // namespace scumble::cuda

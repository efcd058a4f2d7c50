// The convolutions on a CUDA device, called as the backend calls them, in every precision, at sizes and
// channel counts that fit no tile, in memory of exactly the tensors' size: against the reference in double,
// with the padding checked. Tolerances: inputs and weights are first rounded as the kernel keeps them, so
// that what is left is the rounding of float32 sums (see ../kernels.cpp) and, in bfloat16, of the result.
#include <functional>
#include <optional>

#include "../../cuda/sm90/sm90.h"
#include "../check.h"
#include "device.h"

namespace cuda = scumble::cuda;
using cuda::Arithmetic;
using device::Array;
using device::as_operand;
using device::kPrecisions;
using device::random_operand;
using support::Random;

namespace {

struct Case {
  int height;
  int width;
  int from;
  int to;
};
// With one multiprocessor, they take every tile of every precision between them; one tile and several, and
// channels of less than a step of the main loop, of one and of several.
const std::vector<Case> kCases = {
    {1, 1, 5, 17},
    {2, 3, 33, 1},
    {17, 31, 17, 40},
    {7, 15, 70, 110},
    {14, 13, 24, 120},
    {15, 14, 40, 20},
    {33, 35, 4, 64},
    {17, 33, 40, 136},
    {3, 4, 96, 160},
    {2, 1, 160, 260},
    {3, 4, 20, 160},
    {50, 45, 33, 40},
    // Three channels, which only the network's first convolution has kernels for.
    {9, 35, 3, 20},
    {17, 19, 12, 3},
    {5, 6, 3, 3}};

double tolerance(Arithmetic precision) {
  return precision == Arithmetic::bf16 ? 0x1p-8 : 2e-6;
}

const char* name_of(Arithmetic precision) {
  return precision == Arithmetic::bf16 ? "bf16" : precision == Arithmetic::tf32 ? "tf32" : "float32";
}

// Weights on the device, and as the reference reads them.
struct Weights {
  scumble::ConvolutionWeights values;
  Array<unsigned char> packed;
  Array<float> bias;

  // The first convolution keeps its weights in float32.
  Weights(Random& numbers, const cuda::WeightsOf& of, Arithmetic precision)
      : values(support::random_weights(numbers, of.inputs, of.outputs)),
        packed(pack(values, of, precision)),
        bias(padded_bias()) {
    if (of.first) return;
    for (float& w : values.weight) w = static_cast<float>(as_operand(static_cast<double>(w), precision));
  }

 private:
  static std::vector<unsigned char> pack(const scumble::ConvolutionWeights& w, const cuda::WeightsOf& of,
                                         Arithmetic precision) {
    std::vector<unsigned char> packed(cuda::packed_weight_bytes(of, precision), 0xff);
    cuda::pack_weights(w.weight.data(), of, precision, packed.data());
    return packed;
  }
  std::vector<float> padded_bias() const {
    std::vector<float> b = values.bias;
    b.resize(static_cast<size_t>(cuda::padded(static_cast<int>(b.size()))));
    return b;
  }
};

void expect(const device::Tensor& found, const reference::Tensor& expected, Arithmetic precision) {
  CHECK_ALL_CLOSE(found.values(), expected.values, tolerance(precision));
  CHECK(found.padding_is_zero());
}

void say(Arithmetic precision, const Case& c, const std::string& more = "") {
  check::at() = std::string(name_of(precision)) + " " + std::to_string(c.height) + "x" +
                std::to_string(c.width) + " " + std::to_string(c.from) + " to " + std::to_string(c.to) + " " +
                more;
}

// Less than would be best, so that a convolution that wants it takes several passes.
Array<unsigned char> scratch_for(const Case& c, Arithmetic precision) {
  const size_t best = cuda::convolution_scratch_bytes(c.from, c.to, c.height, c.width, precision);
  const size_t least =
      sizeof(float) * 36 * 128 * static_cast<size_t>(cuda::padded(c.from) + cuda::padded(c.to));
  return Array<unsigned char>(std::min(best, least));
}

using Run = std::function<void(const cuda::Convolution&, Arithmetic, cudaStream_t)>;

// The gradient's epilogue, with and without each of its parts.
void expect_gradients(Random& numbers, const reference::Tensor& back, cuda::Convolution c,
                      Arithmetic precision, const Run& run) {
  const reference::Tensor there =
      device::rounded(support::random_tensor(numbers, back.channels, back.height, back.width), precision);
  const reference::Tensor positive = support::coarse_tensor(numbers, back.channels, back.height, back.width);
  const device::Tensor mask(positive, precision);
  for (const bool both : {false, true}) {
    reference::Tensor expected = back;
    if (both) {
      for (size_t i = 0; i < expected.values.size(); ++i) expected.values[i] += there.values[i];
      expected = reference::masked(expected, positive);
    }
    const device::Tensor out = both ? device::Tensor(there, precision)
                                    : device::Tensor(back.channels, back.height, back.width, precision);
    c.out = out.view();
    c.accumulate = both;
    c.mask = both ? mask.get() : nullptr;
    run(c, precision, nullptr);
    expect(out, expected, precision);
  }
}

// `padding` is the first convolution's; a later one's is always zero.
void expect_forward(const Case& shape, Random& numbers, Arithmetic precision, bool relu,
                    std::optional<scumble::Padding> padding, const Run& run = cuda::convolve) {
  const bool first = padding.has_value();
  const Weights weights(numbers, {shape.from, shape.to, first, false}, precision);
  const reference::Tensor in =
      first
          ? device::rounded(support::random_tensor(numbers, shape.from, shape.height, shape.width), precision)
          : random_operand(numbers, shape.from, shape.height, shape.width, precision);
  const device::Tensor from(in, precision);
  const device::Tensor out(shape.to, shape.height, shape.width, precision);
  cuda::Convolution c;
  c.in = from.view();
  c.out = out.view();
  c.weights = weights.packed.get();
  c.bias = weights.bias.get();
  c.relu = relu;
  c.first = first;
  c.replicate = padding == scumble::Padding::replicate;
  const Array<unsigned char> scratch = scratch_for(shape, precision);
  c.scratch = scratch.get();
  c.scratch_bytes = scratch.size();
  run(c, precision, nullptr);
  const reference::Tensor expected =
      reference::convolve(in, weights.values, padding.value_or(scumble::Padding::zero));
  expect(out, relu ? reference::relu(expected) : expected, precision);
}

}  // namespace

TEST(convolution) {
  device::multiprocessors(1);
  Random numbers(1);
  for (const Arithmetic precision : kPrecisions) {
    bool relu = false;
    for (const Case& shape : kCases) {
      relu = !relu;
      say(precision, shape, relu ? "relu" : "");
      expect_forward(shape, numbers, precision, relu, std::nullopt);
    }
  }
}

TEST(convolution_back) {
  device::multiprocessors(1);
  Random numbers(2);
  for (const Arithmetic precision : kPrecisions) {
    for (const Case& shape : kCases) {
      say(precision, shape);
      const Weights weights(numbers, {shape.to, shape.from, false, true}, precision);
      const reference::Tensor gradient =
          random_operand(numbers, shape.from, shape.height, shape.width, precision);
      const device::Tensor in(gradient, precision);
      cuda::Convolution c;
      c.in = in.view();
      c.weights = weights.packed.get();
      const Array<unsigned char> scratch = scratch_for(shape, precision);
      c.scratch = scratch.get();
      c.scratch_bytes = scratch.size();
      expect_gradients(numbers,
                       reference::convolve_back(gradient, weights.values, shape.to, scumble::Padding::zero),
                       c, precision, cuda::convolve);
    }
  }
}

#ifdef SCUMBLE_SM90

// Every tile of Hopper's kernels, at sizes that fit none of them, with several for each cluster, in every
// order.
TEST(convolution_on_hopper) {
  if (!cuda::sm90_kernels()) return;
  Random numbers(6);
  for (int tile = 0; tile < cuda::kTilesSm90; ++tile) {
    const bool wide = tile == 0 || tile == 2;  // 128 outputs
    const int rows = tile < 2 ? 16 : tile < 4 ? 8 : 4;
    const Case shape{rows + 1, 35, wide ? 64 : 128, wide ? 128 : 64};
    say(Arithmetic::bf16, shape, "tile " + std::to_string(tile));
    const Run run = [&](const cuda::Convolution& c, Arithmetic, cudaStream_t stream) {
      CHECK(cuda::launch_product_sm90(cuda::product_of(c), 9, stream, tile));
    };
    device::in_every_order([&] { expect_forward(shape, numbers, Arithmetic::bf16, true, std::nullopt, run); },
                           2);
    const Weights weights(numbers, {shape.to, shape.from, false, true}, Arithmetic::bf16);
    const reference::Tensor gradient =
        random_operand(numbers, shape.from, shape.height, shape.width, Arithmetic::bf16);
    const device::Tensor in(gradient, Arithmetic::bf16);
    cuda::Convolution c;
    c.in = in.view();
    c.weights = weights.packed.get();
    expect_gradients(numbers,
                     reference::convolve_back(gradient, weights.values, shape.to, scumble::Padding::zero), c,
                     Arithmetic::bf16, run);
  }
}

// What is pooled while it is at hand is what pool() makes of it, by every tile.
TEST(convolution_and_pool_on_hopper) {
  if (!cuda::sm90_kernels()) return;
  Random numbers(7);
  for (int tile = 0; tile < cuda::kTilesSm90; ++tile) {
    const int outputs = tile == 0 || tile == 2 ? 128 : 64;
    const Weights weights(numbers, {64, outputs, false, false}, Arithmetic::bf16);
    const int height = tile % 2 == 0 ? 9 : 10;
    const device::Tensor in(random_operand(numbers, 64, height, 19, Arithmetic::bf16), Arithmetic::bf16);
    const device::Tensor out(outputs, height, 19, Arithmetic::bf16);
    for (const cuda::Pool kind : {cuda::Pool::max, cuda::Pool::average, cuda::Pool::l2}) {
      const bool up = kind != cuda::Pool::average;  // the number of windows rounded up or down
      say(Arithmetic::bf16, {height, 19, 64, outputs},
          "tile " + std::to_string(tile) + (up ? " up" : " down"));
      const device::Tensor pooled(outputs, (height + up) / 2, (19 + up) / 2, Arithmetic::bf16);
      const device::Tensor expected(outputs, (height + up) / 2, (19 + up) / 2, Arithmetic::bf16);
      cuda::Convolution c;
      c.in = in.view();
      c.out = out.view();
      c.weights = weights.packed.get();
      c.bias = weights.bias.get();
      cuda::Product p = cuda::product_of(c);
      p.pooled = pooled.view().at;
      p.pooled_height = pooled.view().height;
      p.pooled_width = pooled.view().width;
      p.kind = kind;
      CHECK(cuda::launch_product_sm90(p, 9, nullptr, tile));
      cuda::pool(kind, 1, out.view(), expected.view(), Arithmetic::bf16, nullptr);
      CHECK(pooled.bytes() == expected.bytes());
    }
  }
}

#endif

TEST(first_convolution) {
  Random numbers(3);
  for (const Arithmetic precision : kPrecisions) {
    bool relu = false;
    for (const Case& shape : {Case{1, 1, 3, 64}, Case{2, 1, 3, 5}, Case{9, 35, 3, 70}, Case{21, 17, 3, 17}}) {
      for (const scumble::Padding padding : {scumble::Padding::zero, scumble::Padding::replicate}) {
        relu = !relu;
        say(precision, shape, padding == scumble::Padding::zero ? "zero" : "replicate");
        expect_forward(shape, numbers, precision, relu, padding);
      }
    }
  }
}

TEST(first_convolution_back) {
  Random numbers(4);
  for (const Arithmetic precision : kPrecisions) {
    for (const Case& shape : {Case{1, 1, 64, 3}, Case{1, 4, 5, 3}, Case{5, 1, 9, 3}, Case{19, 37, 17, 3}}) {
      for (const scumble::Padding padding : {scumble::Padding::zero, scumble::Padding::replicate}) {
        say(precision, shape, padding == scumble::Padding::zero ? "zero" : "replicate");
        const Weights weights(numbers, {3, shape.from, true, true}, precision);
        const reference::Tensor gradient = device::rounded(
            support::random_tensor(numbers, shape.from, shape.height, shape.width), precision);
        const device::Tensor in(gradient, precision);
        cuda::Convolution c;
        c.in = in.view();
        c.weights = weights.packed.get();
        c.first = true;
        c.replicate = padding == scumble::Padding::replicate;
        expect_gradients(numbers, reference::convolve_back(gradient, weights.values, 3, padding), c,
                         precision, cuda::convolve);
      }
    }
  }
}

// A run that went wrong must be noticed, so a ReLU may not hide it.
TEST(not_a_number_survives_a_relu) {
  Random numbers(5);
  for (const Arithmetic precision : kPrecisions) {
    for (const bool first : {true, false}) {
      const int channels = first ? 3 : 9;
      say(precision, {3, 3, channels, 9});
      const Weights weights(numbers, {channels, 9, first, false}, precision);
      reference::Tensor values = support::random_tensor(numbers, channels, 3, 3);
      values.at(1, 1, 0) = std::nan("");
      const device::Tensor in(values, precision);
      const device::Tensor out(9, 3, 3, precision);
      cuda::Convolution c;
      c.in = in.view();
      c.out = out.view();
      c.weights = weights.packed.get();
      c.bias = weights.bias.get();
      c.relu = true;
      c.first = first;
      cuda::convolve(c, precision, nullptr);
      for (const double v : out.values()) CHECK(std::isnan(v));
    }
  }
}

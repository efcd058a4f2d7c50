// Convolutions, their gradients, and products with a matrix, in every way there is.
#include <cstring>

#include "../cpp/cpu/kernels/product.h"
#include "../cpp/cpu/network.h"
#include "kernels.h"

namespace {

// Winograd's transforms add and subtract before and after the sum, which loses a few times as much, and again
// with large tiles.
constexpr double kWinogradSums = 5e-6;
constexpr double kLargeTileSums = 1e-5;
// Both factors of every product are rounded to 8 bits and the transforms enlarge it: 1.2e-2 of the result,
// more where a few results happen to cancel.
constexpr double kFastSums = 6e-2;

void run_product(const Isa& isa, const scumble::cpu::Product& p) {
  for (size_t block = 0; block < scumble::cpu::blocks_of(p.out.channels, isa.block); ++block) {
    in_parts(p.out.height,
             [&](int y0, int y1) { kernels::product(isa)(p, static_cast<int>(block), y0, y1); });
  }
}

// The same by Winograd's algorithm, two runs of tiles, one block after the other, in scratch of exactly its
// size.
void run_winograd(const Isa& isa, const scumble::cpu::Product& p) {
  const int tiles = (p.out.height + p.tile - 1) / p.tile * ((p.out.width + p.tile - 1) / p.tile);
  const int blocks = static_cast<int>(scumble::cpu::blocks_of(p.out.channels, isa.block));
  in_parts(tiles, [&](int tile0, int tile1) {
    std::vector<float> scratch(kernels::winograd_scratch(isa)(p.tile, p.in.channels, tile1 - tile0),
                               kGarbage);
    for (int block = 0; block < blocks; ++block) {
      kernels::winograd(isa)(p, tile0, tile1, block, block + 1, scratch.data());
    }
  });
}

void run_large_tiles(const Isa& isa, const scumble::cpu::Product& p) {
  scumble::cpu::Product large = p;
  large.tile = 6;
  run_winograd(isa, large);
}

void run_fast_winograd(const Isa& isa, const scumble::cpu::Product& p) {
  scumble::cpu::Product fast = p;
  fast.fast = true;
  run_winograd(isa, fast);
}

// All blocks' kernels, transformed before.
std::vector<float> transformed_kernels(const Isa& isa, const scumble::cpu::Product& p) {
  const size_t inputs = static_cast<size_t>(p.in.channels);
  const size_t blocks = scumble::cpu::blocks_of(p.out.channels, isa.block);
  const size_t size = kernels::winograd_kernels_size(isa)(p.in.channels, p.tile, p.fast);
  std::vector<float> all(blocks * size);
  for (size_t block = 0; block < blocks; ++block) {
    const float* from = p.weights + block * 9 * inputs * static_cast<size_t>(isa.block);
    kernels::winograd_kernels(isa)(from, p.in.channels, p.tile, p.fast, all.data() + block * size);
  }
  return all;
}

struct Way {
  void (*run)(const Isa&, const scumble::cpu::Product&);
  double tolerance;
};
const std::vector<Way> kWays = {{run_product, kSums},
                                {run_winograd, kWinogradSums},
                                {run_large_tiles, kLargeTileSums},
                                {run_fast_winograd, kFastSums}};

// Visits shapes with two channel counts, each count in both roles.
template <typename Visit>
void each_pair(const Visit& visit) {
  for (const auto& [height, width] : kSizes) {
    for (size_t i = 0; i < kChannels.size(); ++i) {
      visit(height, width, kChannels[i], kChannels[(3 * i + 2) % kChannels.size()]);
    }
  }
}

scumble::Architecture one_convolution(int inputs, int outputs) {
  scumble::Architecture architecture;
  architecture.convolutions = {{1, 2, inputs, outputs}};
  return architecture;
}

}  // namespace

TEST(convolution) {
  Random random(1);
  each_pair([&](int height, int width, int inputs, int outputs) {
    const reference::Tensor in = support::random_tensor(random, inputs, height, width);
    const auto weights = support::random_weights(random, inputs, outputs);
    const reference::Tensor expected = reference::convolve(in, weights, scumble::Padding::zero);
    for (const Isa* isa : support::isas()) {
      const scumble::cpu::CpuNetwork network(one_convolution(inputs, outputs), {weights}, *isa);
      for (const bool relu : {false, true}) {
        say(*isa, height, width, inputs, "to " + std::to_string(outputs) + (relu ? " relu" : ""));
        for (const Way& way : kWays) {
          Bordered source(in);
          Bordered out(outputs, height, width, kGarbage);
          scumble::cpu::Product p;
          p.in = source.view();
          p.out = out.view();
          p.weights = network.packed(0).forward.data();
          p.bias = network.packed(0).bias.data();
          p.relu = relu;
          way.run(*isa, p);
          CHECK_ALL_CLOSE(out.inside(), (relu ? reference::relu(expected) : expected).values, way.tolerance);
          CHECK(out.border_is_zero());
        }
      }
    }
  });
}

TEST(convolution_back) {
  Random random(2);
  each_pair([&](int height, int width, int inputs, int outputs) {
    const reference::Tensor gradient = support::random_tensor(random, outputs, height, width);
    const reference::Tensor before = support::random_tensor(random, inputs, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, inputs, height, width);
    const auto weights = support::random_weights(random, inputs, outputs);
    const reference::Tensor back =
        reference::convolve_back(gradient, weights, inputs, scumble::Padding::zero);
    for (const Isa* isa : support::isas()) {
      const scumble::cpu::CpuNetwork network(one_convolution(inputs, outputs), {weights}, *isa);
      for (const bool accumulate : {false, true}) {
        for (const bool mask : {false, true}) {
          say(*isa, height, width, inputs, "from " + std::to_string(outputs));
          reference::Tensor expected = back;
          if (accumulate) add(expected, before);
          if (mask) expected = reference::masked(expected, positive);
          for (const Way& way : kWays) {
            Bordered source(gradient);
            Bordered masks(positive);
            Bordered out = over_garbage(before);
            scumble::cpu::Product p;
            p.in = source.view();
            p.out = out.view();
            p.weights = network.packed(0).backward.data();
            p.mask = mask ? masks.view().at : nullptr;
            p.accumulate = accumulate;
            way.run(*isa, p);
            CHECK_ALL_CLOSE(out.inside(), expected.values, way.tolerance);
            CHECK(out.border_is_zero());
          }
        }
      }
    }
  });
}

// Kernels that were transformed before give the bytes of those that are made on the way.
TEST(transformed_kernels) {
  Random random(24);
  // Chunks of both kinds end in the middle.
  constexpr int kInputs = 300;
  constexpr int kOutputs = 40;
  const reference::Tensor in = support::random_tensor(random, kInputs, 13, 19);
  const auto weights = support::random_weights(random, kInputs, kOutputs);
  for (const Isa* isa : support::isas()) {
    say(*isa, 13, 19, kInputs);
    const scumble::cpu::CpuNetwork network(one_convolution(kInputs, kOutputs), {weights}, *isa);
    Bordered source(in);
    for (const auto run : {run_winograd, run_large_tiles, run_fast_winograd}) {
      scumble::cpu::Product p;
      p.in = source.view();
      p.weights = network.packed(0).forward.data();
      Bordered made(kOutputs, 13, 19, kGarbage);
      p.out = made.view();
      run(*isa, p);
      p.tile = run == run_large_tiles ? 6 : 4;
      p.fast = run == run_fast_winograd;
      const std::vector<float> kernels = transformed_kernels(*isa, p);
      p.transformed = kernels.data();
      Bordered read(kOutputs, 13, 19, kGarbage);
      p.out = read.view();
      run(*isa, p);
      CHECK(made.inside() == read.inside());
    }
  }
}

// A network keeps the kernels that fit its room, and gives the same ones again.
TEST(kept_kernels) {
  Random random(25);
  scumble::Architecture architecture;
  architecture.convolutions = {{1, 1, 3, 16}, {1, 2, 16, 24}};
  const std::vector<scumble::ConvolutionWeights> weights = {support::random_weights(random, 3, 16),
                                                            support::random_weights(random, 16, 24)};
  for (const Isa* isa : support::isas()) {
    const scumble::cpu::CpuNetwork network(architecture, weights, *isa);
    scumble::cpu::Product p;
    p.in.channels = 16;
    p.out.channels = 24;
    p.weights = network.packed(1).forward.data();
    const std::vector<float> expected = transformed_kernels(*isa, p);
    const float* kept = network.transformed({1, false, 4, false}, 2);
    CHECK(std::memcmp(kept, expected.data(), expected.size() * sizeof(float)) == 0);
    CHECK(network.transformed({1, false, 4, false}, 1) == kept);
    // Its gradient's are for large tiles where those are faster.
    CHECK((network.transformed({1, true, 6, false}, 1) != nullptr) == isa->large_tiles);
    CHECK((network.transformed({1, true, 4, false}, 1) != nullptr) == !isa->large_tiles);
  }
}

// Where bf16 products are an instruction, it does what the arithmetic elsewhere does; and they are of bf16.
TEST(fast_products_are_alike) {
  Random random(22);
  const reference::Tensor in = support::random_tensor(random, 70, 17, 31);
  const auto weights = support::random_weights(random, 70, 33);
  const reference::Tensor exact = reference::convolve(in, weights, scumble::Padding::zero);
  std::vector<double> first;
  for (const Isa* isa : support::isas()) {
    say(*isa, 17, 31, 70);
    const scumble::cpu::CpuNetwork network(one_convolution(70, 33), {weights}, *isa);
    Bordered source(in);
    Bordered out(33, 17, 31, kGarbage);
    scumble::cpu::Product p;
    p.in = source.view();
    p.out = out.view();
    p.weights = network.packed(0).forward.data();
    p.bias = network.packed(0).bias.data();
    run_fast_winograd(*isa, p);
    const std::vector<float> found = out.inside();
    CHECK(check::relative_error(found, exact.values) > 5e-3);
    if (first.empty()) first.assign(found.begin(), found.end());
    // Now and then a value falls on the other side of a rounding.
    CHECK_ALL_CLOSE(found, first, 1e-4);
  }
}

TEST(first_convolution_back) {
  Random random(20);
  each_shape([&](int height, int width, int outputs) {
    const reference::Tensor gradient = support::random_tensor(random, outputs, height, width);
    const auto weights = support::random_weights(random, 3, outputs);
    const reference::Tensor expected = reference::convolve_back(gradient, weights, 3, scumble::Padding::zero);
    scumble::Architecture architecture;
    architecture.convolutions = {{1, 1, 3, outputs}};
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, outputs);
      const scumble::cpu::CpuNetwork network(architecture, {weights}, *isa);
      Bordered source(gradient);
      Bordered out(3, height, width, kGarbage);
      scumble::cpu::Product p;
      p.in = source.view();
      p.out = out.view();
      p.weights = network.packed(0).backward.data();
      in_parts(height, [&](int y0, int y1) {
        std::vector<float> scratch(kernels::first_back_scratch(*isa)(width), kGarbage);
        kernels::first_back (*isa)(p, y0, y1, scratch.data());
      });
      CHECK_ALL_CLOSE(out.inside(), expected.values, kSums);
      CHECK(out.border_is_zero());
    }
  });
}

TEST(product_of_one_tap) {
  Random random(3);
  each_pair([&](int height, int width, int inputs, int outputs) {
    const reference::Tensor in = support::random_tensor(random, inputs, height, width);
    const reference::Tensor before = support::random_tensor(random, outputs, height, width);
    const auto matrix =
        support::uniform(random, static_cast<size_t>(inputs) * static_cast<size_t>(outputs), -1, 1);
    reference::Tensor expected = before;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int i = 0; i < inputs; ++i) {
          for (int o = 0; o < outputs; ++o) {
            expected.at(y, x, o) += in.at(y, x, i) * matrix[static_cast<size_t>(i * outputs + o)];
          }
        }
      }
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, inputs, "to " + std::to_string(outputs));
      const size_t block = static_cast<size_t>(isa->block);
      const size_t blocks = scumble::cpu::blocks_of(outputs, isa->block);
      std::vector<float> packed(blocks * block * static_cast<size_t>(inputs));
      for (size_t i = 0; i < static_cast<size_t>(inputs); ++i) {
        for (size_t o = 0; o < static_cast<size_t>(outputs); ++o) {
          packed[(o / block * static_cast<size_t>(inputs) + i) * block + o % block] =
              matrix[i * static_cast<size_t>(outputs) + o];
        }
      }
      Bordered source(in);
      Bordered out = over_garbage(before);
      scumble::cpu::Product p;
      p.in = source.view();
      p.out = out.view();
      p.weights = packed.data();
      p.taps = 1;
      p.accumulate = true;
      run_product(*isa, p);
      CHECK_ALL_CLOSE(out.inside(), expected.values, kSums);
      CHECK(out.border_is_zero());
    }
  });
}

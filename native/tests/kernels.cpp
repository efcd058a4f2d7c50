// Every kernel of every instruction set that this processor runs, called as the backend calls it, at sizes
// and channel counts that fit no tile, in memory of exactly the tensor's size: against the reference in
// double, with the border checked.
#include "../cpp/cpu/kernels.h"

#include "../cpp/cpu/network.h"
#include "check.h"
#include "support.h"

using scumble::cpu::Kernels;
using support::Bordered;
using support::Random;

namespace {

// One rounding in float32 is 6e-8. A pass that rounds a few times stays below kElementwise; a sum of n terms,
// each rounded once with random signs, stays near sqrt(n) * 3e-8: 8e-7 for the 9 * 70 terms of a convolution,
// more where a few results happen to cancel.
constexpr double kElementwise = 3e-7;
constexpr double kSums = 2e-6;
// Winograd's transforms add and subtract before and after the sum, which loses a few times as much, and again
// with large tiles.
constexpr double kWinogradSums = 5e-6;
constexpr double kLargeTileSums = 1e-5;
// Both factors of every product are rounded to 8 bits and the transforms enlarge it: 1.2e-2 of the result,
// more where a few results happen to cancel.
constexpr double kFastSums = 6e-2;
// Garbage in memory that a kernel must overwrite.
constexpr float kGarbage = 12345;

const std::vector<int> kChannels = {1, 3, 5, 16, 17, 33, 64, 70};
const std::vector<std::pair<int, int>> kSizes = {
    {1, 1}, {2, 3}, {17, 31}, {5, 64}, {64, 5}};  // height, width

void say(const Kernels& table, int height, int width, int channels, const std::string& more = "") {
  check::at() = std::string(table.name) + " " + std::to_string(height) + "x" + std::to_string(width) + "x" +
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
Bordered over_garbage(const reference::Tensor& values) {
  Bordered made(values.channels, values.height, values.width, kGarbage);
  made.set(values);
  return made;
}

void add(reference::Tensor& to, const reference::Tensor& term) {
  for (size_t i = 0; i < to.values.size(); ++i) to.values[i] += term.values[i];
}

void run_product(const Kernels& table, const scumble::cpu::Product& p) {
  for (size_t block = 0; block < scumble::cpu::blocks_of(p.out.channels, table.block); ++block) {
    in_parts(p.out.height, [&](int y0, int y1) { table.product(p, static_cast<int>(block), y0, y1); });
  }
}

// The same by Winograd's algorithm, two runs of tiles, one block after the other, in scratch of exactly its
// size.
void run_winograd(const Kernels& table, const scumble::cpu::Product& p) {
  const int tiles = (p.out.height + p.tile - 1) / p.tile * ((p.out.width + p.tile - 1) / p.tile);
  const int blocks = static_cast<int>(scumble::cpu::blocks_of(p.out.channels, table.block));
  in_parts(tiles, [&](int tile0, int tile1) {
    std::vector<float> scratch(table.winograd_scratch(p.tile, p.in.channels, tile1 - tile0), kGarbage);
    for (int block = 0; block < blocks; ++block) {
      table.winograd(p, tile0, tile1, block, block + 1, scratch.data());
    }
  });
}

void run_large_tiles(const Kernels& table, const scumble::cpu::Product& p) {
  scumble::cpu::Product large = p;
  large.tile = 6;
  run_winograd(table, large);
}

void run_fast_winograd(const Kernels& table, const scumble::cpu::Product& p) {
  scumble::cpu::Product fast = p;
  fast.fast = true;
  run_winograd(table, fast);
}

struct Way {
  void (*run)(const Kernels&, const scumble::cpu::Product&);
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

template <typename Visit>
void each_shape(const Visit& visit) {
  for (const auto& [height, width] : kSizes) {
    for (const int channels : kChannels) visit(height, width, channels);
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
    for (const Kernels* table : support::tables()) {
      const scumble::cpu::CpuNetwork network(one_convolution(inputs, outputs), {weights}, table->block);
      for (const bool relu : {false, true}) {
        say(*table, height, width, inputs, "to " + std::to_string(outputs) + (relu ? " relu" : ""));
        for (const Way& way : kWays) {
          Bordered source(in);
          Bordered out(outputs, height, width, kGarbage);
          scumble::cpu::Product p;
          p.in = source.view();
          p.out = out.view();
          p.weights = network.packed(0).forward.data();
          p.bias = network.packed(0).bias.data();
          p.relu = relu;
          way.run(*table, p);
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
    for (const Kernels* table : support::tables()) {
      const scumble::cpu::CpuNetwork network(one_convolution(inputs, outputs), {weights}, table->block);
      for (const bool accumulate : {false, true}) {
        for (const bool mask : {false, true}) {
          say(*table, height, width, inputs, "from " + std::to_string(outputs));
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
            way.run(*table, p);
            CHECK_ALL_CLOSE(out.inside(), expected.values, way.tolerance);
            CHECK(out.border_is_zero());
          }
        }
      }
    }
  });
}

// Where bf16 products are an instruction, it does what the arithmetic elsewhere does; and they are of bf16.
TEST(fast_products_are_alike) {
  Random random(22);
  const reference::Tensor in = support::random_tensor(random, 70, 17, 31);
  const auto weights = support::random_weights(random, 70, 33);
  const reference::Tensor exact = reference::convolve(in, weights, scumble::Padding::zero);
  std::vector<double> first;
  for (const Kernels* table : support::tables()) {
    say(*table, 17, 31, 70);
    const scumble::cpu::CpuNetwork network(one_convolution(70, 33), {weights}, table->block);
    Bordered source(in);
    Bordered out(33, 17, 31, kGarbage);
    scumble::cpu::Product p;
    p.in = source.view();
    p.out = out.view();
    p.weights = network.packed(0).forward.data();
    p.bias = network.packed(0).bias.data();
    run_fast_winograd(*table, p);
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
    for (const Kernels* table : support::tables()) {
      say(*table, height, width, outputs);
      const scumble::cpu::CpuNetwork network(architecture, {weights}, table->block);
      Bordered source(gradient);
      Bordered out(3, height, width, kGarbage);
      scumble::cpu::Product p;
      p.in = source.view();
      p.out = out.view();
      p.weights = network.packed(0).backward.data();
      in_parts(height, [&](int y0, int y1) {
        std::vector<float> scratch(table->first_back_scratch(width), kGarbage);
        table->first_back(p, y0, y1, scratch.data());
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
    for (const Kernels* table : support::tables()) {
      say(*table, height, width, inputs, "to " + std::to_string(outputs));
      const size_t block = static_cast<size_t>(table->block);
      const size_t blocks = scumble::cpu::blocks_of(outputs, table->block);
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
      run_product(*table, p);
      CHECK_ALL_CLOSE(out.inside(), expected.values, kSums);
      CHECK(out.border_is_zero());
    }
  });
}

TEST(gram) {
  Random random(4);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor features = support::random_tensor(random, channels, height, width, -0.5, 1);
    const std::vector<double> expected = reference::gram(features);
    for (const Kernels* table : support::tables()) {
      say(*table, height, width, channels);
      const size_t c = static_cast<size_t>(channels);
      Bordered f(features);
      std::vector<double> sums(c * c);
      for (size_t block = 0; block < scumble::cpu::blocks_of(channels, table->block); ++block) {
        const int end = std::min(channels, static_cast<int>(block + 1) * table->block);
        in_parts(height, [&](int y0, int y1) {
          in_parts(end, [&](int i0, int i1) {
            table->gram(f.view(), static_cast<int>(block), i0, i1, y0, y1, sums.data());
          });
        });
      }
      std::vector<double> upper;
      std::vector<double> expected_upper;
      for (size_t i = 0; i < c; ++i) {
        for (size_t j = i; j < c; ++j) {
          upper.push_back(sums[i * c + j] / features.elements());
          expected_upper.push_back(expected[i * c + j]);
        }
      }
      CHECK_ALL_CLOSE(upper, expected_upper, kSums);
    }
  });
}

TEST(input) {
  Random random(5);
  for (const auto& [height, width] : kSizes) {
    const reference::Tensor picture = support::random_tensor(random, 3, height, width, 0, 255);
    const reference::Tensor gradient = support::random_tensor(random, 3, height, width);
    const reference::Tensor before = support::random_tensor(random, 3, height, width);
    for (const bool bgr : {false, true}) {
      const int order[3] = {bgr ? 2 : 0, 1, bgr ? 0 : 2};
      const float scale[3] = {0.5f, 1, 1.0f / 57};
      const float shift[3] = {-123, -100, -2};
      for (const Kernels* table : support::tables()) {
        for (const bool replicate : {false, true}) {
          say(*table, height, width, 3, bgr ? "bgr" : "rgb");
          const std::vector<float> source = support::floats(picture);
          Bordered out(3, height, width, kGarbage);
          in_parts(height, [&](int y0, int y1) {
            table->input(source.data(), out.view(), order, scale, shift, replicate, y0, y1);
          });
          std::vector<double> expected;
          std::vector<float> found;
          for (int y = -1; y <= height; ++y) {
            for (int x = -1; x <= width; ++x) {
              const int sy = std::clamp(y, 0, height - 1);
              const int sx = std::clamp(x, 0, width - 1);
              const bool inside = y == sy && x == sx;
              for (int c = 0; c < 3; ++c) {
                found.push_back(out.view().pixel(y, x)[c]);
                expected.push_back(inside || replicate
                                       ? picture.at(sy, sx, order[c]) * static_cast<double>(scale[c]) +
                                             static_cast<double>(shift[c])
                                       : 0);
              }
            }
          }
          CHECK_ALL_CLOSE(found, expected, kElementwise);
        }
        Bordered from(gradient);
        std::vector<float> to = support::floats(before);
        in_parts(height,
                 [&](int y0, int y1) { table->input_back(from.view(), to.data(), order, scale, y0, y1); });
        reference::Tensor expected = before;
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c)
              expected.at(y, x, order[c]) += gradient.at(y, x, c) * static_cast<double>(scale[c]);
          }
        }
        CHECK_ALL_CLOSE(to, expected.values, kElementwise);
      }
    }
  }
}

TEST(relu) {
  Random random(6);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::coarse_tensor(random, channels, height, width);
    const reference::Tensor gradient = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    for (const Kernels* table : support::tables()) {
      say(*table, height, width, channels);
      Bordered source(in);
      Bordered out(channels, height, width, kGarbage);
      in_parts(height, [&](int y0, int y1) { table->relu(source.view(), out.view(), y0, y1); });
      CHECK(out.inside() == support::floats(reference::relu(in)));
      CHECK(out.border_is_zero());
      for (const bool accumulate : {false, true}) {
        for (const bool mask : {false, true}) {
          reference::Tensor expected = reference::masked(gradient, in);
          if (accumulate) add(expected, before);
          if (mask) expected = reference::masked(expected, positive);
          Bordered from(gradient);
          Bordered masks(positive);
          Bordered to = over_garbage(before);
          in_parts(height, [&](int y0, int y1) {
            table->relu_back(from.view(), source.view().at, to.view(), mask ? masks.view().at : nullptr,
                             accumulate, y0, y1);
          });
          CHECK_ALL_CLOSE(to.inside(), expected.values, kElementwise);
          CHECK(to.border_is_zero());
        }
      }
    }
  });
}

TEST(not_a_number_survives_a_relu) {
  for (const Kernels* table : support::tables()) {
    say(*table, 1, 1, 5);
    Bordered in(5, 1, 1);
    for (int c = 0; c < 5; ++c) in.view().pixel(0, 0)[c] = NAN;
    Bordered out(5, 1, 1);
    table->relu(in.view(), out.view(), 0, 1);
    for (const float v : out.inside()) CHECK(std::isnan(v));
  }
}

TEST(pool) {
  Random random(7);
  each_shape([&](int height, int width, int channels) {
    for (const bool coarse : {false, true}) {
      const reference::Tensor in = coarse ? support::coarse_tensor(random, channels, height, width)
                                          : support::random_tensor(random, channels, height, width);
      const reference::Tensor before = support::random_tensor(random, channels, height, width);
      const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
      for (int kind = 0; kind < 3; ++kind) {
        for (const auto rounding : {scumble::Rounding::floor, scumble::Rounding::ceil}) {
          const auto pooling = static_cast<scumble::Pooling>(kind);
          const reference::Tensor pooled = reference::pool(in, pooling, rounding);
          if (pooled.values.empty()) continue;
          const reference::Tensor gradient =
              support::random_tensor(random, channels, pooled.height, pooled.width);
          const reference::Tensor back = reference::pool_back(gradient, in, pooling);
          for (const Kernels* table : support::tables()) {
            say(*table, height, width, channels,
                "kind " + std::to_string(kind) + (rounding == scumble::Rounding::floor ? " floor" : " ceil"));
            Bordered source(in);
            Bordered out(channels, pooled.height, pooled.width, kGarbage);
            in_parts(pooled.height,
                     [&](int y0, int y1) { table->pool(kind, source.view(), out.view(), y0, y1); });
            CHECK_ALL_CLOSE(out.inside(), pooled.values, kElementwise);
            CHECK(out.border_is_zero());
            for (const bool accumulate : {false, true}) {
              for (const bool mask : {false, true}) {
                reference::Tensor expected = back;
                if (accumulate) add(expected, before);
                if (mask) expected = reference::masked(expected, positive);
                Bordered from(gradient);
                Bordered masks(positive);
                Bordered to = over_garbage(before);
                in_parts(pooled.height, [&](int y0, int y1) {
                  table->pool_back(kind, from.view(), source.view(), to.view(),
                                   mask ? masks.view().at : nullptr, accumulate, y0, y1);
                });
                CHECK_ALL_CLOSE(to.inside(), expected.values, kElementwise);
                CHECK(to.border_is_zero());
              }
            }
          }
        }
      }
    }
  });
}

TEST(content) {
  Random random(8);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::random_tensor(random, channels, height, width);
    const reference::Tensor target = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    const float scale = 0.75f;
    for (const Kernels* table : support::tables()) {
      for (const bool accumulate : {false, true}) {
        for (const bool mask : {false, true}) {
          say(*table, height, width, channels);
          double loss = 0;
          reference::Tensor expected(channels, height, width);
          for (size_t i = 0; i < in.values.size(); ++i) {
            const double d = in.values[i] - target.values[i];
            loss += d * d;
            expected.values[i] = static_cast<double>(scale) * d;
          }
          if (accumulate) add(expected, before);
          if (mask) expected = reference::masked(expected, positive);
          Bordered source(in);
          Bordered targets(target);
          Bordered masks(positive);
          Bordered out = over_garbage(before);
          double found = 0;
          in_parts(height, [&](int y0, int y1) {
            found += table->content(source.view(), targets.view().at, out.view(),
                                    mask ? masks.view().at : nullptr, accumulate, scale, y0, y1);
          });
          CHECK_CLOSE(found, loss, kElementwise * loss);
          CHECK_ALL_CLOSE(out.inside(), expected.values, kElementwise);
          CHECK(out.border_is_zero());
        }
      }
    }
  });
}

TEST(total_variation) {
  Random random(9);
  for (const auto& [height, width] : kSizes) {
    for (const bool coarse : {false, true}) {
      const reference::Tensor picture = coarse ? support::coarse_tensor(random, 3, height, width)
                                               : support::random_tensor(random, 3, height, width, 0, 255);
      reference::Tensor gradient(3, height, width);
      const double loss = reference::total_variation(picture, 0.25, gradient);
      for (const Kernels* table : support::tables()) {
        say(*table, height, width, 3);
        const std::vector<float> source = support::floats(picture);
        std::vector<float> out(source.size(), kGarbage);
        double found = 0;
        in_parts(height, [&, w = width, h = height](int y0, int y1) {
          found += table->tv(source.data(), w, h, out.data(), 0.25f, y0, y1);
        });
        CHECK_CLOSE(0.25 * found, loss, kElementwise * loss);
        CHECK(out == support::floats(gradient));
      }
    }
  }
}

namespace {

const std::vector<size_t> kLengths = {1, 3, 4, 7, 8, 15, 16, 17, 33, 1000};

void say(const Kernels& table, size_t n) {
  check::at() = std::string(table.name) + " n " + std::to_string(n);
}

}  // namespace

TEST(difference) {
  Random random(10);
  for (const size_t n : kLengths) {
    const auto a = support::uniform(random, n, -1, 1);
    const auto b = support::uniform(random, n, -1, 1);
    double sum = 0;
    std::vector<double> expected;
    for (size_t i = 0; i < n; ++i) {
      const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      sum += d * d;
      expected.push_back(1.5 * d);
    }
    for (const Kernels* table : support::tables()) {
      say(*table, n);
      std::vector<float> out(n);
      CHECK_CLOSE(table->difference(a.data(), b.data(), out.data(), 1.5f, n), sum, kElementwise * sum);
      CHECK_ALL_CLOSE(out, expected, kElementwise);
    }
  }
}

TEST(sums_and_products) {
  Random random(11);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 5; ++i) v.push_back(support::uniform(random, n, -1, 1));
    double total = 0;
    for (const float x : v[0]) total += std::abs(static_cast<double>(x));
    const float* left[] = {v[0].data(), v[1].data()};
    const float* right[] = {v[2].data(), v[3].data(), v[4].data()};
    std::vector<double> expected(6, 1.0);
    for (size_t i = 0; i < 6; ++i) {
      for (size_t k = 0; k < n; ++k)
        expected[i] += static_cast<double>(left[i / 3][k]) * static_cast<double>(right[i % 3][k]);
    }
    for (const Kernels* table : support::tables()) {
      say(*table, n);
      CHECK_CLOSE(table->sum_abs(v[0].data(), n), total, 1e-13 * total);  // in double
      std::vector<double> out(6, 1.0);
      table->products(left, 2, right, 3, n, out.data());
      CHECK_ALL_CLOSE(out, expected, 1e-13);
    }
  }
}

TEST(combine) {
  Random random(12);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 3; ++i) v.push_back(support::uniform(random, n, -1, 1));
    const double coefficients[] = {0.3, -1.7, 2.5};
    std::vector<double> expected(n);
    for (size_t t = 0; t < 3; ++t) {
      for (size_t i = 0; i < n; ++i) expected[i] += coefficients[t] * static_cast<double>(v[t][i]);
    }
    for (const Kernels* table : support::tables()) {
      say(*table, n);
      std::vector<float> in_place = v[1];  // the target is one of the terms
      const float* terms[] = {v[0].data(), in_place.data(), v[2].data()};
      table->combine(in_place.data(), terms, coefficients, 3, n);
      CHECK_ALL_CLOSE(in_place, expected, kElementwise);
    }
  }
}

TEST(blend_rows) {
  Random random(13);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 7; ++i) v.push_back(support::uniform(random, n, -1, 1));
    const auto weights = support::uniform(random, 7, -1, 1);
    std::vector<double> expected(n);
    std::vector<const float*> from;
    for (size_t t = 0; t < 7; ++t) {
      from.push_back(v[t].data());
      for (size_t i = 0; i < n; ++i)
        expected[i] += static_cast<double>(weights[t]) * static_cast<double>(v[t][i]);
    }
    for (const Kernels* table : support::tables()) {
      say(*table, n);
      std::vector<float> to(n);
      table->blend_rows(to.data(), from.data(), weights.data(), 7, n);
      CHECK_ALL_CLOSE(to, expected, kSums);
    }
  }
}

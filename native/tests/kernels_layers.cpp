// What is between the products of a network: its input, ReLUs, pools.
#include "../cpp/cpu/kernels/input.h"
#include "../cpp/cpu/kernels/pool.h"
#include "../cpp/cpu/kernels/relu.h"
#include "kernels.h"

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
      for (const Isa* isa : support::isas()) {
        for (const bool replicate : {false, true}) {
          say(*isa, height, width, 3, bgr ? "bgr" : "rgb");
          const std::vector<float> source = support::floats(picture);
          Bordered out(3, height, width, kGarbage);
          in_parts(height, [&](int y0, int y1) {
            kernels::input (*isa)(source.data(), out.view(), order, scale, shift, replicate, y0, y1);
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
        for (const bool accumulate : {false, true}) {
          Bordered from(gradient);
          std::vector<float> to = support::floats(before);
          in_parts(height, [&](int y0, int y1) {
            kernels::input_back (*isa)(from.view(), to.data(), order, scale, accumulate, y0, y1);
          });
          reference::Tensor expected(3, height, width);
          if (accumulate) expected = before;
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
}

TEST(relu) {
  Random random(6);
  each_shape([&](int height, int width, int channels) {
    const reference::Tensor in = support::coarse_tensor(random, channels, height, width);
    const reference::Tensor gradient = support::random_tensor(random, channels, height, width);
    const reference::Tensor before = support::random_tensor(random, channels, height, width);
    const reference::Tensor positive = support::coarse_tensor(random, channels, height, width);
    for (const Isa* isa : support::isas()) {
      say(*isa, height, width, channels);
      Bordered source(in);
      Bordered out(channels, height, width, kGarbage);
      in_parts(height, [&](int y0, int y1) { kernels::relu (*isa)(source.view(), out.view(), y0, y1); });
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
            kernels::relu_back (*isa)(from.view(), source.view().at, to.view(),
                                      mask ? masks.view().at : nullptr, accumulate, y0, y1);
          });
          CHECK_ALL_CLOSE(to.inside(), expected.values, kElementwise);
          CHECK(to.border_is_zero());
        }
      }
    }
  });
}

TEST(not_a_number_survives_a_relu) {
  for (const Isa* isa : support::isas()) {
    say(*isa, 1, 1, 5);
    Bordered in(5, 1, 1);
    for (int c = 0; c < 5; ++c) in.view().pixel(0, 0)[c] = NAN;
    Bordered out(5, 1, 1);
    kernels::relu (*isa)(in.view(), out.view(), 0, 1);
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
          reference::Tensor pooled = reference::pool(in, pooling, rounding);
          if (pooled.values.empty()) continue;
          const float scale = coarse ? 1.0f : 0.78f;
          for (double& v : pooled.values) v *= static_cast<double>(scale);
          const reference::Tensor gradient =
              support::random_tensor(random, channels, pooled.height, pooled.width);
          reference::Tensor back = reference::pool_back(gradient, in, pooling);
          for (double& v : back.values) v *= static_cast<double>(scale);
          for (const Isa* isa : support::isas()) {
            say(*isa, height, width, channels,
                "kind " + std::to_string(kind) + (rounding == scumble::Rounding::floor ? " floor" : " ceil"));
            Bordered source(in);
            Bordered out(channels, pooled.height, pooled.width, kGarbage);
            in_parts(pooled.height, [&](int y0, int y1) {
              kernels::pool (*isa)(kind, scale, source.view(), out.view(), y0, y1);
            });
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
                  kernels::pool_back (*isa)(kind, scale, from.view(), source.view(), to.view(),
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

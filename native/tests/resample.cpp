// Resampling, with every instruction set, against Lanczos' formula in double over whole rows and columns.
#include "../cpp/cpu/resample.h"

#include <algorithm>

#include "check.h"
#include "support.h"

namespace {

double sinc(double x) {
  const double p = 3.14159265358979323846 * x;
  return x == 0 ? 1 : std::sin(p) / p;
}

// The weight of every input sample in output sample i.
std::vector<double> weights_of(int i, int from, int to) {
  const double stretch = std::max(1.0, static_cast<double>(from) / to);
  std::vector<double> weights;
  double total = 0;
  for (int k = 0; k < from; ++k) {
    const double x = (k + 0.5 - (i + 0.5) * from / to) / stretch;
    weights.push_back(std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);
    total += weights.back();
  }
  for (double& w : weights) w /= total;
  return weights;
}

reference::Tensor resampled(const reference::Tensor& in, int width, int height) {
  reference::Tensor out(in.channels, height, width);
  for (int y = 0; y < height; ++y) {
    const std::vector<double> down = weights_of(y, in.height, height);
    for (int x = 0; x < width; ++x) {
      const std::vector<double> across = weights_of(x, in.width, width);
      for (int c = 0; c < in.channels; ++c) {
        for (int sy = 0; sy < in.height; ++sy) {
          for (int sx = 0; sx < in.width; ++sx) {
            out.at(y, x, c) +=
                down[static_cast<size_t>(sy)] * across[static_cast<size_t>(sx)] * in.at(sy, sx, c);
          }
        }
      }
    }
  }
  return out;
}

}  // namespace

TEST(against_the_formula) {
  support::Random random(1);
  struct Sizes {
    int width, height, to_width, to_height;
  };
  for (const Sizes& s : std::vector<Sizes>{{1, 1, 1, 1},
                                           {1, 1, 4, 3},
                                           {2, 3, 1, 1},
                                           {7, 5, 7, 5},
                                           {17, 31, 8, 40},
                                           {31, 17, 5, 6},
                                           {13, 9, 33, 21},
                                           {40, 3, 3, 40}}) {
    for (const int channels : {1, 3, 4}) {
      const reference::Tensor in = support::random_tensor(random, channels, s.height, s.width, 0, 255);
      const reference::Tensor expected = resampled(in, s.to_width, s.to_height);
      for (const auto* isa : support::isas()) {
        check::at() = std::string(isa->name) + " " + std::to_string(s.width) + "x" +
                      std::to_string(s.height) + " to " + std::to_string(s.to_width) + "x" +
                      std::to_string(s.to_height);
        const std::vector<float> values = support::floats(in);
        const auto found = scumble::cpu::resample(*isa, values.data(), s.width, s.height, channels,
                                                  s.to_width, s.to_height, -1e9f, 1e9f, 2);
        CHECK_ALL_CLOSE(found, expected.values, 1e-6);
        CHECK(found == scumble::cpu::resample(*isa, values.data(), s.width, s.height, channels, s.to_width,
                                              s.to_height, -1e9f, 1e9f, 1));
      }
    }
  }
}

TEST(same_size_changes_nothing) {
  support::Random random(2);
  const std::vector<float> in = support::uniform(random, 9 * 6 * 3, 0, 255);
  CHECK_ALL_CLOSE(scumble::cpu::resample(scumble::cpu::isa(), in.data(), 9, 6, 3, 9, 6, -1e9f, 1e9f, 1), in,
                  1e-6);
}

TEST(a_flat_picture_stays_flat) {
  const std::vector<float> in(11 * 8 * 3, 200);
  CHECK_ALL_CLOSE(scumble::cpu::resample(scumble::cpu::isa(), in.data(), 11, 8, 3, 30, 3, -1e9f, 1e9f, 1),
                  std::vector<float>(30 * 3 * 3, 200), 1e-6);
}

// An edge makes Lanczos overshoot on both sides; the bounds hold it.
TEST(bounds) {
  const std::vector<float> edge = {0, 0, 0, 0, 255, 255, 255, 255};
  const std::vector<float> free =
      scumble::cpu::resample(scumble::cpu::isa(), edge.data(), 8, 1, 1, 32, 1, -1e9f, 1e9f, 1);
  CHECK(*std::min_element(free.begin(), free.end()) < -1);
  CHECK(*std::max_element(free.begin(), free.end()) > 256);
  const std::vector<float> bound =
      scumble::cpu::resample(scumble::cpu::isa(), edge.data(), 8, 1, 1, 32, 1, 0, 255, 1);
  for (size_t i = 0; i < free.size(); ++i) CHECK(bound[i] == std::clamp(free[i], 0.0f, 255.0f));
}

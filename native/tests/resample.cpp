// Resampling, with every instruction set, against the filters' formulas in double over whole rows and columns.
#include "../cpp/cpu/resample.h"

#include <algorithm>

#include "check.h"
#include "support.h"

namespace {

double sinc(double x) {
  const double p = 3.14159265358979323846 * x;
  return x == 0 ? 1 : std::sin(p) / p;
}

// Keys 1981, equation 4 with its a free.
double keys(double x, double a) {
  x = std::abs(x);
  if (x < 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * (x * x * x - 5 * x * x + 8 * x - 4) : 0;
}

double filter_at(scumble::Filter filter, double x) {
  switch (filter) {
    case scumble::Filter::lanczos:
      return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
    case scumble::Filter::cubic:
      return keys(x, -0.5);
    case scumble::Filter::sharp_cubic:
      return keys(x, -0.75);
    default:
      return std::max(0.0, 1 - std::abs(x));
  }
}

std::vector<double> box(int i, int from, int to) {
  std::vector<double> weights(static_cast<size_t>(from));
  if (to >= from) {
    const double at = to == 1 ? 0 : static_cast<double>(i) * (from - 1) / (to - 1);
    for (int k = 0; k < from; ++k) weights[static_cast<size_t>(k)] = std::max(0.0, 1 - std::abs(k - at));
    return weights;
  }
  // Common parts: from * to of them, to of each input sample, from of each output sample.
  for (int part = i * from; part < (i + 1) * from; ++part)
    weights[static_cast<size_t>(part / to)] += 1.0 / from;
  return weights;
}

// The weight of every input sample in output sample i. Of a sharp cubic, the samples beyond the edge are the edge.
std::vector<double> weights_of(scumble::Filter filter, int i, int from, int to) {
  if (filter == scumble::Filter::box) return box(i, from, to);
  const double stretch = std::max(1.0, static_cast<double>(from) / to);
  const int beyond = filter == scumble::Filter::sharp_cubic ? 4 * static_cast<int>(std::ceil(stretch)) : 0;
  std::vector<double> weights(static_cast<size_t>(from));
  double total = 0;
  for (int k = -beyond; k < from + beyond; ++k) {
    const double weight = filter_at(filter, (k + 0.5 - (i + 0.5) * from / to) / stretch);
    weights[static_cast<size_t>(std::clamp(k, 0, from - 1))] += weight;
    total += weight;
  }
  for (double& w : weights) w /= total;
  return weights;
}

reference::Tensor resampled(scumble::Filter filter, const reference::Tensor& in, int width, int height) {
  reference::Tensor out(in.channels, height, width);
  for (int y = 0; y < height; ++y) {
    const std::vector<double> down = weights_of(filter, y, in.height, height);
    for (int x = 0; x < width; ++x) {
      const std::vector<double> across = weights_of(filter, x, in.width, width);
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
      for (const scumble::Filter filter : support::kFilters) {
        const reference::Tensor expected = resampled(filter, in, s.to_width, s.to_height);
        const scumble::Resampling how{-1e9f, 1e9f, filter};
        for (const auto* isa : support::isas()) {
          check::at() = std::string(isa->name) + " filter " + std::to_string(static_cast<int>(filter)) + " " +
                        std::to_string(s.width) + "x" + std::to_string(s.height) + " to " +
                        std::to_string(s.to_width) + "x" + std::to_string(s.to_height);
          const std::vector<float> values = support::floats(in);
          const auto found = scumble::cpu::resample(*isa, values.data(), s.width, s.height, channels,
                                                    s.to_width, s.to_height, how, 2);
          CHECK_ALL_CLOSE(found, expected.values, 1e-6);
          CHECK(found == scumble::cpu::resample(*isa, values.data(), s.width, s.height, channels, s.to_width,
                                                s.to_height, how, 1));
        }
      }
    }
  }
}

TEST(same_size_changes_nothing) {
  support::Random random(2);
  const std::vector<float> in = support::uniform(random, 9 * 6 * 3, 0, 255);
  CHECK_ALL_CLOSE(scumble::cpu::resample(scumble::cpu::isa(), in.data(), 9, 6, 3, 9, 6, {-1e9f, 1e9f}, 1), in,
                  1e-6);
}

TEST(a_flat_picture_stays_flat) {
  const std::vector<float> in(11 * 8 * 3, 200);
  CHECK_ALL_CLOSE(scumble::cpu::resample(scumble::cpu::isa(), in.data(), 11, 8, 3, 30, 3, {-1e9f, 1e9f}, 1),
                  std::vector<float>(30 * 3 * 3, 200), 1e-6);
}

// An edge makes Lanczos overshoot on both sides; the bounds hold it.
TEST(bounds) {
  const std::vector<float> edge = {0, 0, 0, 0, 255, 255, 255, 255};
  const std::vector<float> free =
      scumble::cpu::resample(scumble::cpu::isa(), edge.data(), 8, 1, 1, 32, 1, {-1e9f, 1e9f}, 1);
  CHECK(*std::min_element(free.begin(), free.end()) < -1);
  CHECK(*std::max_element(free.begin(), free.end()) > 256);
  const std::vector<float> bound =
      scumble::cpu::resample(scumble::cpu::isa(), edge.data(), 8, 1, 1, 32, 1, {0, 255}, 1);
  for (size_t i = 0; i < free.size(); ++i) CHECK(bound[i] == std::clamp(free[i], 0.0f, 255.0f));
}

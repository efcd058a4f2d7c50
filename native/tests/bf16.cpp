// bf16 arithmetic as the portable kernels have it, which is what the instructions of others do.
#include "../cpp/cpu/kernels/simd.h"

#include <cmath>
#include <cstring>

#include "check.h"
#include "support.h"

using namespace scumble::cpu::portable;  // NOLINT(google-build-using-namespace): what this file is about

namespace {

float of_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// The stored halves of four values, as float32.
std::vector<float> rounded(const std::vector<float>& values) {
  uint16_t halves[kWidth] = {};
  float words[kWidth] = {};
  store_as_pairs(words, load(values.data()), kWidth);
  std::memcpy(halves, words, sizeof halves);
  std::vector<float> found;
  for (const uint16_t half : halves) found.push_back(of_bits(static_cast<uint32_t>(half) << 16));
  return found;
}

}  // namespace

TEST(to_the_nearest) {
  const float step = 0x1p-7f;  // between neighbours from 1 on
  CHECK(rounded({1 + 0.49f * step, 1 + 0.51f * step, -1 - 0.49f * step, -1 - 0.51f * step}) ==
        (std::vector<float>{1, 1 + step, -1, -1 - step}));
  // Ties go to the even one.
  CHECK(rounded({1 + 0.5f * step, 1 + 1.5f * step, -1 - 2.5f * step, 0.0f}) ==
        (std::vector<float>{1, 1 + 2 * step, -1 - 2 * step, 0}));
  CHECK(rounded({INFINITY, -INFINITY, 3.4e38f, 0x1p-130f}) ==
        (std::vector<float>{INFINITY, -INFINITY, INFINITY, 0x1p-130f}));
  for (const uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xffffffffu, 0x7fffffffu}) {
    for (const float value : rounded({of_bits(bits), of_bits(bits), of_bits(bits), of_bits(bits)}))
      CHECK(std::isnan(value));
  }
}

TEST(only_the_asked_for_lanes_are_stored) {
  float words[4] = {7, 7, 7, 7};
  const float values[4] = {1, 2, 3, 0};
  store_as_pairs(words, load(values), 3);
  uint16_t halves[8];
  std::memcpy(halves, words, sizeof halves);
  CHECK(halves[0] == 0x3f80 && halves[1] == 0x4000 && halves[2] == 0x4040 && halves[3] == 0);
  CHECK(words[2] == 7);
}

TEST(products_of_pairs) {
  support::Random random(1);
  for (int round = 0; round < 100; ++round) {
    std::vector<float> v[4];
    for (auto& values : v) values = rounded(support::uniform(random, kWidth, -1, 1));
    const auto start = support::uniform(random, kWidth, -1, 1);
    float words[kWidth];
    store_pairs(words, pair(load(v[2].data()), load(v[3].data())));
    const Vec found =
        add_products(load(start.data()), pair(load(v[0].data()), load(v[1].data())), load_pairs(words));
    for (int i = 0; i < kWidth; ++i) {
      const auto at = static_cast<size_t>(i);
      const double exact = static_cast<double>(start[at]) +
                           static_cast<double>(v[0][at]) * static_cast<double>(v[2][at]) +
                           static_cast<double>(v[1][at]) * static_cast<double>(v[3][at]);
      CHECK_CLOSE(found[i], exact, 3e-7);
    }
  }
}

// Masks on the grids of layers: coverage is exact whatever the sizes.
#include "../cpp/core/images.h"

#include "../cpp/core/error.h"
#include "check.h"
#include "support.h"

using scumble::guide_of;
using scumble::InvalidArgument;
using support::Random;

TEST(coverage) {
  Random random(1);
  const std::vector<std::pair<int, int>> sizes = {{1, 1}, {1, 7}, {5, 3}, {8, 8}, {13, 17}, {40, 31}};
  for (const auto& [mask_height, mask_width] : sizes) {
    for (const auto& [height, width] : sizes) {
      check::at() = std::to_string(mask_height) + "x" + std::to_string(mask_width) + " on " +
                    std::to_string(height) + "x" + std::to_string(width);
      reference::Tensor mask = support::random_tensor(random, 1, mask_height, mask_width, 0, 1);
      for (double& v : mask.values) v = random.integer(0, 2) == 0 ? 0 : v;
      mask.values.back() = 1;
      const std::vector<float> values = support::floats(mask);
      const std::vector<float> guide =
          guide_of(support::mask_view(values, mask_width, mask_height), {64, height, width});
      const std::vector<double> weights = reference::weights_of(&mask, height, width);
      std::vector<double> squares;
      double total = 0;
      for (size_t i = 0; i < guide.size(); ++i) {
        squares.push_back(static_cast<double>(guide[i]) * static_cast<double>(guide[i]));
        total += squares.back();
        CHECK_CLOSE(squares[i], weights[i], 2e-7 * weights[i]);  // what nothing covers is exactly 0
      }
      CHECK(guide.size() == weights.size());
      CHECK_CLOSE(total, static_cast<double>(guide.size()), 1e-6 * total);
    }
  }
}

// All of it, however little of each pixel, is as good as no mask.
TEST(an_even_mask_is_none) {
  for (const float value : {1.0f, 0.25f, 1e-30f}) {
    const std::vector<float> mask(35, value);
    for (const float v : guide_of(support::mask_view(mask, 5, 7), {3, 11, 4})) CHECK_CLOSE(v, 1, 1e-6);
  }
}

TEST(masks_that_cannot_be) {
  const auto guide = [](const std::vector<float>& mask) {
    return guide_of(support::mask_view(mask, 3, 2), {3, 4, 5});
  };
  CHECK(guide({0, 0, 0, 0, 0, 1}).size() == 20);
  CHECK_THROWS(InvalidArgument, guide({0, 0, 0, 0, 0, 0}));
  for (const float bad : {-0.01f, 1.01f, NAN, INFINITY, -INFINITY})
    CHECK_THROWS(InvalidArgument, guide({1, 1, 1, bad, 1, 1}));
  CHECK_THROWS(InvalidArgument, guide_of({nullptr, 0, 5}, {3, 4, 5}));
  CHECK_THROWS(InvalidArgument, guide_of({nullptr, 5, 0}, {3, 4, 5}));
}

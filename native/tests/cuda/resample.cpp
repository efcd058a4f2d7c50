// Resampling on the device against the CPU's, which is held against the formula in ../resample.cpp; in
// scratch of exactly its size.
#include "../../cpp/cpu/resample.h"

#include "../check.h"
#include "../support.h"
#include "device.h"

using device::Array;

namespace {

struct Sizes {
  int width, height, to_width, to_height;
};

std::vector<float> resampled(const std::vector<float>& values, const Sizes& s, int channels,
                             const scumble::Resampling& how) {
  const Array<float> from(values);
  const Array<float> to(static_cast<size_t>(s.to_width * s.to_height * channels));
  const Array<unsigned char> scratch(
      scumble::cuda::resample_scratch_bytes(s.width, s.height, channels, s.to_width, s.to_height));
  scumble::cuda::resample(from.get(), s.width, s.height, channels, s.to_width, s.to_height, how, to.get(),
                          scratch.get(), nullptr);
  return to.values();
}

}  // namespace

TEST(as_the_cpu) {
  support::Random random(1);
  for (const Sizes& s : std::vector<Sizes>{{1, 1, 1, 1},
                                           {1, 1, 4, 3},
                                           {2, 3, 1, 1},
                                           {7, 5, 7, 5},
                                           {17, 31, 8, 40},
                                           {31, 17, 5, 6},
                                           {13, 9, 33, 21},
                                           {300, 2, 2, 150},
                                           {40, 3, 3, 40}}) {
    for (const int channels : {1, 3, 4}) {
      check::at() = std::to_string(s.width) + "x" + std::to_string(s.height) + "x" +
                    std::to_string(channels) + " to " + std::to_string(s.to_width) + "x" +
                    std::to_string(s.to_height);
      const std::vector<float> in =
          support::uniform(random, static_cast<size_t>(s.width * s.height * channels), 0, 255);
      for (const scumble::Filter filter : support::kFilters) {
        for (const auto& [low, high] : {std::pair{-1e9f, 1e9f}, std::pair{20.0f, 200.0f}}) {
          const scumble::Resampling how{low, high, filter};
          const std::vector<float> expected = scumble::cpu::resample(
              scumble::cpu::isa(), in.data(), s.width, s.height, channels, s.to_width, s.to_height, how, 1);
          const std::vector<float> found = resampled(in, s, channels, how);
          CHECK_ALL_CLOSE(found, expected, 5e-7);
          CHECK(found == resampled(in, s, channels, how));
        }
      }
    }
  }
}

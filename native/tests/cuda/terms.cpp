// What terms are made of but Gram matrices, called as the backend calls them: against the reference in double, with
// the padding checked.
#include "pointwise.h"

using namespace pointwise;  // NOLINT(google-build-using-namespace): this file is about nothing else

TEST(sums_of_partials) {
  device::in_every_order([] {
    Random numbers(1);
    constexpr size_t kSlots = 5;
    std::vector<double> partials(kSlots * cuda::kPartials);
    for (double& p : partials) p = static_cast<double>(numbers.uniform(-1, 1));
    const Array<double> from(partials);
    const Array<double> sums(kSlots);
    cuda::sum_partials(from.get(), kSlots, sums.get(), nullptr);
    for (size_t slot = 0; slot < kSlots; ++slot) {
      double expected = 0;
      for (size_t i = 0; i < cuda::kPartials; ++i) expected += partials[slot * cuda::kPartials + i];
      CHECK_CLOSE(sums.values()[slot], expected, 1e-13);
    }
  });
}

TEST(difference_of_tensors) {
  device::in_every_order(
      [] {
        Random numbers(5);
        each_shape([&](Arithmetic precision, int channels, int height, int width) {
          const reference::Tensor in = random(numbers, channels, height, width, precision);
          const reference::Tensor target = random(numbers, channels, height, width, precision);
          const reference::Tensor mask = support::coarse_tensor(numbers, channels, height, width);
          const reference::Tensor there = random(numbers, channels, height, width, precision);
          reference::Tensor gradient(channels, height, width);
          double loss = 0;
          for (size_t i = 0; i < in.values.size(); ++i) {
            const double d = in.values[i] - target.values[i];
            loss += 0.25 * d * d;
            gradient.values[i] = 1.75 * d;
          }
          const device::Tensor from(in, precision);
          const device::Tensor targets(target, precision);
          const device::Tensor masks(mask, precision);
          for (const Epilogue& epilogue : kEpilogues) {
            const device::Tensor to = target_of(epilogue, there, precision);
            const Slot slot;
            cuda::difference(from.view(), targets.get(), gradient_of(epilogue, to, masks), 1.75, 0.25,
                             slot.view(), precision, nullptr);
            expect(to, finished(gradient, epilogue, there, mask), elementwise(precision));
            CHECK_CLOSE(slot.sum(), loss, 2e-7 * loss);
          }
        });
      },
      2);
}

// Of a statistic: as many floats as it has.
TEST(difference_of_floats) {
  device::in_every_order([] {
    Random numbers(9);
    for (const size_t n : {size_t{1}, size_t{6}, size_t{4096}, size_t{7777}}) {
      check::at() = std::to_string(n);
      const std::vector<float> in = support::uniform(numbers, n, -1, 1);
      const std::vector<float> target = support::uniform(numbers, n, -1, 1);
      std::vector<double> expected;
      double loss = 0;
      for (size_t i = 0; i < n; ++i) {
        const double d = static_cast<double>(in[i]) - static_cast<double>(target[i]);
        loss += 0.25 * d * d;
        expected.push_back(1.75 * d);
      }
      const Array<float> from(in);
      const Array<float> targets(target);
      const Array<float> to(n);
      const Slot slot;
      cuda::difference(from.get(), targets.get(), to.get(), n, 1.75, 0.25, slot.view(), nullptr);
      CHECK_ALL_CLOSE(to.values(), expected, elementwise(Arithmetic::float32));
      CHECK_CLOSE(slot.sum(), loss, 4e-7 * loss);
    }
  });
}

TEST(weigh) {
  Random numbers(10);
  each_shape([&](Arithmetic precision, int channels, int height, int width) {
    reference::Tensor features = random(numbers, channels, height, width, precision);
    const device::Tensor from(features, precision);
    const std::vector<float> guide =
        support::uniform(numbers, static_cast<size_t>(height) * static_cast<size_t>(width), 0, 2);
    const Array<float> by(guide);
    const device::Tensor to(channels, height, width, precision);
    cuda::weigh(from.view(), by.get(), to.view(), precision, nullptr);
    for (size_t i = 0; i < features.values.size(); ++i)
      features.values[i] *= static_cast<double>(guide[i / static_cast<size_t>(channels)]);
    expect(to, features, elementwise(precision));
  });
}

TEST(total_variation) {
  device::in_every_order(
      [] {
        Random numbers(6);
        for (const auto& [height, width] : std::vector<std::pair<int, int>>{
                 {1, 1}, {1, 2}, {2, 1}, {17, 31}, {700, 1}, {1, 700}, {90, 130}}) {
          say(Arithmetic::float32, height, width, 3);
          // Whole numbers have flat places; others have rounding.
          for (const reference::Tensor& picture :
               {support::coarse_tensor(numbers, 3, height, width),
                support::random_tensor(numbers, 3, height, width, 0, 255)}) {
            reference::Tensor gradient(3, height, width);
            const double loss = reference::total_variation(picture, 0.375, gradient);
            const Array<float> from(support::floats(picture));
            const Array<float> to(picture.values.size());
            for (const bool accumulate : {false, true}) {
              const Slot slot;
              cuda::tv(from.get(), width, height, to.get(), accumulate, 0.375, 0.5, slot.view(), nullptr);
              for (double& v : gradient.values) v *= accumulate ? 2 : 1;
              CHECK_ALL_CLOSE(to.values(), gradient.values, 0);
              CHECK_CLOSE(slot.sum(), loss * 0.5 / 0.375, 2e-7 * loss);
            }
          }
        }
      },
      2);
}

TEST(total_variation_of_squares) {
  using reference::Squares;
  device::in_every_order(
      [] {
        Random numbers(7);
        for (const auto& [height, width] : std::vector<std::pair<int, int>>{
                 {1, 1}, {1, 2}, {2, 1}, {17, 31}, {300, 1}, {1, 300}, {60, 90}}) {
          for (const Squares kind : {Squares::squared, Squares::gradient, Squares::diagonal}) {
            say(Arithmetic::float32, height, width, 3, "kind " + std::to_string(static_cast<int>(kind)));
            const reference::Tensor picture = support::random_tensor(numbers, 3, height, width, 0, 255);
            reference::Tensor gradient(3, height, width);
            const double loss = reference::squared_variation(kind, picture, 0.375, gradient);
            const scumble::Variation by = reference::variation_of(kind, height, width);
            const Array<float> from(support::floats(picture));
            const Array<float> to(picture.values.size());
            for (const bool accumulate : {false, true}) {
              const Slot slot;
              cuda::tv_squares(from.get(), width, height, by, to.get(), accumulate, 0.375, 0.5, slot.view(),
                               nullptr);
              for (double& v : gradient.values) v *= accumulate ? 2 : 1;
              CHECK_ALL_CLOSE(to.values(), gradient.values, 2e-6);
              CHECK_CLOSE(slot.sum(), loss * 0.5 / 0.375, 2e-6 * loss);
            }
          }
        }
      },
      2);
}

// More elements than all blocks of a sum take at once: the sum stays as exact, and its bytes the same.
TEST(long_sums) {
  Random numbers(8);
  constexpr int kHeight = 230;
  constexpr int kWidth = 290;
  for (const Arithmetic precision : kPrecisions) {
    say(precision, kHeight, kWidth, 13);
    const reference::Tensor in = random(numbers, 13, kHeight, kWidth, precision);
    const reference::Tensor target(13, kHeight, kWidth);
    double loss = 0;
    for (const double v : in.values) loss += v * v;
    const device::Tensor from(in, precision);
    const device::Tensor zero(target, precision);
    const device::Tensor to(13, kHeight, kWidth, precision);
    const auto run = [&] {
      const Slot slot;
      cuda::difference(from.view(), zero.get(), {to.view()}, 1, 1, slot.view(), precision, nullptr);
      CHECK_CLOSE(slot.sum(), loss, 1e-8 * loss);
      return slot.partials.values();
    };
    CHECK(run() == run());
  }
}

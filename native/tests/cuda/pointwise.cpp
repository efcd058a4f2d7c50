// The CUDA kernels that are neither a product nor an optimiser, called as the backend calls them, in float32
// and bfloat16, at sizes and channel counts that fit no vector and no block, in memory of exactly the size:
// against the reference in double, with the padding checked.
#include "../check.h"
#include "../support.h"
#include "device.h"

namespace cuda = scumble::cuda;
using cuda::Precision;
using device::Array;
using support::Random;

namespace {

const std::vector<Precision> kPrecisions = {Precision::float32, Precision::bf16};
const std::vector<int> kChannels = {1, 3, 8, 13, 40};
const std::vector<std::pair<int, int>> kSizes = {
    {1, 1}, {2, 3}, {17, 31}, {5, 64}, {64, 5}};  // height, width

// A few roundings in float32; in bfloat16 one more, of 2^-8 at most.
double elementwise(Precision precision) {
  return precision == Precision::bf16 ? 4e-3 : 3e-7;
}

void say(Precision precision, int height, int width, int channels, const std::string& more = "") {
  check::at() = std::string(precision == Precision::bf16 ? "bf16 " : "float32 ") + std::to_string(height) +
                "x" + std::to_string(width) + "x" + std::to_string(channels) + " " + more;
}

// visit(precision, channels, height, width)
template <typename Visit>
void each_shape(const Visit& visit) {
  for (const Precision precision : kPrecisions) {
    for (const int channels : kChannels) {
      for (const auto& [height, width] : kSizes) {
        say(precision, height, width, channels);
        visit(precision, channels, height, width);
      }
    }
  }
}

// What a gradient kernel does with its result: every way to accumulate and to mask.
struct Epilogue {
  bool accumulate;
  bool masked;
};
const std::vector<Epilogue> kEpilogues = {{false, false}, {false, true}, {true, false}, {true, true}};

reference::Tensor finished(reference::Tensor value, const Epilogue& epilogue, const reference::Tensor& there,
                           const reference::Tensor& mask) {
  if (epilogue.accumulate) {
    for (size_t i = 0; i < value.values.size(); ++i) value.values[i] += there.values[i];
  }
  return epilogue.masked ? reference::masked(value, mask) : value;
}

// Where a gradient goes: garbage, or `there` to be added to.
device::Tensor target_of(const Epilogue& epilogue, const reference::Tensor& there, Precision precision) {
  return epilogue.accumulate ? device::Tensor(there, precision)
                             : device::Tensor(there.channels, there.height, there.width, precision);
}

void expect(const device::Tensor& found, const reference::Tensor& expected, double tolerance) {
  CHECK_ALL_CLOSE(found.values(), expected.values, tolerance);
  CHECK(found.padding_is_zero());
}

reference::Tensor random(Random& numbers, int channels, int height, int width, Precision precision) {
  return device::rounded(support::random_tensor(numbers, channels, height, width), precision);
}

// A slot of partial sums, added up by the kernel for that.
struct Slot {
  Array<double> partials{cuda::kPartials};

  cuda::Partials view() const { return {partials.get()}; }
  double sum() const {
    const Array<double> sums(1);
    cuda::sum_partials(partials.get(), 1, sums.get(), nullptr);
    return sums.values()[0];
  }
};

}  // namespace

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

TEST(input_and_its_gradient) {
  Random numbers(2);
  for (const scumble::Channels& channels :
       {scumble::Channels{{0, 1, 2}, {0.017f, 0.0175f, 0.0174f}, {-2.1f, -2, -1.8f}},
        scumble::Channels{{2, 1, 0}, {1, 1, 1}, {-104, -116.8f, -123.7f}}}) {
    for (const Precision precision : kPrecisions) {
      for (const auto& [height, width] : kSizes) {
        say(precision, height, width, 3, channels.order[0] == 0 ? "RGB" : "BGR");
        const reference::Tensor picture = support::random_tensor(numbers, 3, height, width, 0, 255);
        reference::Tensor expected(3, height, width);
        const reference::Tensor gradient = random(numbers, 3, height, width, precision);
        reference::Tensor back = support::random_tensor(numbers, 3, height, width);
        const Array<float> to(support::floats(back));
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
              const double scale = static_cast<double>(channels.scale[c]);
              expected.at(y, x, c) =
                  picture.at(y, x, channels.order[c]) * scale + static_cast<double>(channels.shift[c]);
              back.at(y, x, channels.order[c]) += gradient.at(y, x, c) * scale;
            }
          }
        }
        const Array<float> from(support::floats(picture));
        const device::Tensor out(3, height, width, precision);
        cuda::input(from.get(), out.view(), channels, precision, nullptr);
        // The shift cancels most of some values.
        expect(out, expected, 4 * elementwise(precision));
        cuda::input_back(device::Tensor(gradient, precision).view(), to.get(), channels, precision, nullptr);
        CHECK_ALL_CLOSE(to.values(), back.values, elementwise(Precision::float32));
      }
    }
  }
}

TEST(relu_and_its_gradient) {
  Random numbers(3);
  each_shape([&](Precision precision, int channels, int height, int width) {
    const reference::Tensor in = random(numbers, channels, height, width, precision);
    const device::Tensor from(in, precision);
    const device::Tensor out(channels, height, width, precision);
    cuda::relu(from.view(), out.view(), precision, nullptr);
    expect(out, reference::relu(in), 0);

    const reference::Tensor positive = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor mask = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor there = random(numbers, channels, height, width, precision);
    const device::Tensor positives(positive, precision);
    const device::Tensor masks(mask, precision);
    for (const Epilogue& epilogue : kEpilogues) {
      const device::Tensor to = target_of(epilogue, there, precision);
      cuda::relu_back(from.view(), positives.get(), to.view(), epilogue.masked ? masks.get() : nullptr,
                      epilogue.accumulate, precision, nullptr);
      expect(to, finished(reference::masked(in, positive), epilogue, there, mask), elementwise(precision));
    }
  });
}

// NaN stays, in both element types.
TEST(relu_keeps_nan) {
  for (const Precision precision : kPrecisions) {
    reference::Tensor in(3, 2, 2);
    in.values.assign(in.values.size(), NAN);
    const device::Tensor from(in, precision);
    const device::Tensor out(3, 2, 2, precision);
    cuda::relu(from.view(), out.view(), precision, nullptr);
    for (const double v : out.values()) CHECK(std::isnan(v));
  }
}

TEST(pools_and_their_gradients) {
  Random numbers(4);
  const std::vector<std::pair<cuda::Pool, scumble::Pooling>> kinds = {
      {cuda::Pool::max, scumble::Pooling::max},
      {cuda::Pool::average, scumble::Pooling::average},
      {cuda::Pool::l2, scumble::Pooling::l2}};
  each_shape([&](Precision precision, int channels, int height, int width) {
    // Whole numbers, so that there are ties, and windows of zeros.
    const reference::Tensor in = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor mask = support::coarse_tensor(numbers, channels, height, width);
    const reference::Tensor there = random(numbers, channels, height, width, precision);
    const device::Tensor from(in, precision);
    const device::Tensor masks(mask, precision);
    for (const auto rounding : {scumble::Rounding::floor, scumble::Rounding::ceil}) {
      const int rows = reference::pooled_size(height, rounding);
      const int columns = reference::pooled_size(width, rounding);
      if (rows == 0 || columns == 0) continue;
      const reference::Tensor gradient = random(numbers, channels, rows, columns, precision);
      const device::Tensor gradients(gradient, precision);
      for (const auto& [kind, pooling] : kinds) {
        say(precision, height, width, channels, "kind " + std::to_string(static_cast<int>(kind)));
        const device::Tensor out(channels, rows, columns, precision);
        cuda::pool(kind, from.view(), out.view(), precision, nullptr);
        expect(out, reference::pool(in, pooling, rounding), elementwise(precision));
        for (const Epilogue& epilogue : kEpilogues) {
          const device::Tensor to = target_of(epilogue, there, precision);
          cuda::pool_back(kind, gradients.view(), from.view(), to.view(),
                          epilogue.masked ? masks.get() : nullptr, epilogue.accumulate, precision, nullptr);
          expect(to, finished(reference::pool_back(gradient, in, pooling), epilogue, there, mask),
                 elementwise(precision));
        }
      }
    }
  });
}

TEST(content_loss) {
  device::in_every_order(
      [] {
        Random numbers(5);
        each_shape([&](Precision precision, int channels, int height, int width) {
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
            cuda::content_loss(from.view(), targets.get(), to.view(), epilogue.masked ? masks.get() : nullptr,
                               epilogue.accumulate, 1.75, 0.25, slot.view(), precision, nullptr);
            expect(to, finished(gradient, epilogue, there, mask), elementwise(precision));
            CHECK_CLOSE(slot.sum(), loss, 2e-7 * loss);
          }
        });
      },
      2);
}

TEST(total_variation) {
  device::in_every_order(
      [] {
        Random numbers(6);
        for (const auto& [height, width] : std::vector<std::pair<int, int>>{
                 {1, 1}, {1, 2}, {2, 1}, {17, 31}, {700, 1}, {1, 700}, {90, 130}}) {
          say(Precision::float32, height, width, 3);
          // Whole numbers have flat places; others have rounding.
          for (const reference::Tensor& picture :
               {support::coarse_tensor(numbers, 3, height, width),
                support::random_tensor(numbers, 3, height, width, 0, 255)}) {
            reference::Tensor gradient(3, height, width);
            const double loss = reference::total_variation(picture, 0.375, gradient);
            const Array<float> from(support::floats(picture));
            const Array<float> to(picture.values.size());
            const Slot slot;
            cuda::total_variation(from.get(), width, height, to.get(), 0.375, slot.view(), nullptr);
            CHECK_ALL_CLOSE(to.values(), gradient.values, 0);
            CHECK_CLOSE(slot.sum(), loss, 2e-7 * loss);
          }
        }
      },
      2);
}

namespace {

cuda::State fresh() {
  return {0, INFINITY, 0, 0, 0, 0};
}

// Evaluations with the given totals (in two losses) at points of three values each: what is kept.
struct Run {
  Array<cuda::State> state{std::vector<cuda::State>{fresh()}};
  Array<float> result{std::vector<float>(7, -5)};
  double averaging;

  explicit Run(double decay) : averaging(decay) {}
  void evaluate(double total, float point) {
    const Array<double> losses(std::vector<double>{total - 1, 1});
    const Array<float> picture(std::vector<float>(7, point));
    cuda::judge(losses.get(), 2, state.get(), nullptr);
    cuda::keep_result(picture.get(), result.get(), 7, averaging, state.get(), nullptr);
  }
  void expect(float value) const { CHECK(result.values() == std::vector<float>(7, value)); }
  cuda::State now() const { return state.values()[0]; }
};

}  // namespace

TEST(the_best_is_kept) {
  device::in_every_order([] {
    Run run(0);
    run.evaluate(10, 1);
    run.expect(1);
    run.evaluate(12, 2);
    run.expect(1);
    run.evaluate(9, 3);
    run.expect(3);
    run.evaluate(9, 4);  // not lower
    run.expect(3);
    CHECK(run.now().total == 9);
    CHECK(run.now().iteration == 4);
    CHECK(run.now().best == 3);
    CHECK(run.now().diverged == 0);
    for (const double bad : {static_cast<double>(NAN), 1.0}) {
      run.evaluate(bad, 5);  // once diverged, nothing moves, whatever follows
      run.expect(3);
      CHECK(run.now().diverged == 5);
      CHECK(run.now().iteration == 5);
      CHECK(run.now().best_total == 9);
    }
  });
}

TEST(the_mean_is_kept) {
  device::in_every_order([] {
    Run run(0.75);
    double mean = 0;
    double weight = 0;
    for (const float point : {8.0f, 4.0f, -2.0f, 16.0f}) {
      run.evaluate(10, point);
      mean = 0.75 * mean + 0.25 * static_cast<double>(point);
      weight = 0.75 * weight + 0.25;
      run.expect(static_cast<float>(mean));
      CHECK_CLOSE(run.now().mean_weight, weight, 1e-15);
    }
    run.evaluate(-INFINITY, 100);
    run.evaluate(1, 100);
    run.expect(static_cast<float>(mean));
    CHECK_CLOSE(run.now().mean_weight, weight, 1e-15);
    CHECK(run.now().diverged == 5);
  });
}

// A mean over memory that was never written: the first point does not look at it.
TEST(the_first_mean) {
  Run run(0.5);
  run.result.set(std::vector<float>(7, NAN));
  run.evaluate(1, 6);
  run.expect(3);
}

// More elements than all blocks of a sum take at once: the sum stays as exact, and its bytes the same.
TEST(long_sums) {
  Random numbers(8);
  constexpr int kHeight = 230;
  constexpr int kWidth = 290;
  for (const Precision precision : kPrecisions) {
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
      cuda::content_loss(from.view(), zero.get(), to.view(), nullptr, false, 1, 1, slot.view(), precision,
                         nullptr);
      CHECK_CLOSE(slot.sum(), loss, 1e-8 * loss);
      return slot.partials.values();
    };
    CHECK(run() == run());
  }
}

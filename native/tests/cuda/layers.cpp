// The layers that are not convolutions, and the picture's way into a network and back, called as the backend
// calls them: against the reference in double, with the padding checked.
#include "pointwise.h"

using namespace pointwise;  // NOLINT(google-build-using-namespace): this file is about nothing else

TEST(input_and_its_gradient) {
  Random numbers(2);
  for (const scumble::Channels& channels :
       {scumble::Channels{{0, 1, 2}, {0.017f, 0.0175f, 0.0174f}, {-2.1f, -2, -1.8f}},
        scumble::Channels{{2, 1, 0}, {1, 1, 1}, {-104, -116.8f, -123.7f}}}) {
    for (const Arithmetic precision : kPrecisions) {
      for (const auto& [height, width] : kSizes) {
        say(precision, height, width, 3, channels.order[0] == 0 ? "RGB" : "BGR");
        const reference::Tensor picture = support::random_tensor(numbers, 3, height, width, 0, 255);
        reference::Tensor expected(3, height, width);
        const reference::Tensor gradient = random(numbers, 3, height, width, precision);
        reference::Tensor back(3, height, width);
        reference::Tensor there = support::random_tensor(numbers, 3, height, width);
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
              const double scale = static_cast<double>(channels.scale[c]);
              expected.at(y, x, c) =
                  picture.at(y, x, channels.order[c]) * scale + static_cast<double>(channels.shift[c]);
              back.at(y, x, channels.order[c]) = gradient.at(y, x, c) * scale;
            }
          }
        }
        const Array<float> from(support::floats(picture));
        const device::Tensor out(3, height, width, precision);
        cuda::input(from.get(), out.view(), channels, precision, nullptr);
        // The shift cancels most of some values.
        expect(out, expected, 4 * elementwise(precision));
        const device::Tensor gradients(gradient, precision);
        const Array<float> over(back.values.size());
        cuda::input_back(gradients.view(), over.get(), false, channels, precision, nullptr);
        CHECK_ALL_CLOSE(over.values(), back.values, elementwise(Arithmetic::float32));
        const Array<float> on(support::floats(there));
        cuda::input_back(gradients.view(), on.get(), true, channels, precision, nullptr);
        for (size_t i = 0; i < back.values.size(); ++i) there.values[i] += back.values[i];
        CHECK_ALL_CLOSE(on.values(), there.values, elementwise(Arithmetic::float32));
      }
    }
  }
}

TEST(relu_and_its_gradient) {
  Random numbers(3);
  each_shape([&](Arithmetic precision, int channels, int height, int width) {
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
      cuda::relu_back(from.view(), positives.get(), gradient_of(epilogue, to, masks), precision, nullptr);
      expect(to, finished(reference::masked(in, positive), epilogue, there, mask), elementwise(precision));
    }
  });
}

// NaN stays, in both element types.
TEST(relu_keeps_nan) {
  for (const Arithmetic precision : kPrecisions) {
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
  each_shape([&](Arithmetic precision, int channels, int height, int width) {
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
        const double scale = rounding == scumble::Rounding::floor ? 1 : 0.75;
        const auto scaled = [scale](reference::Tensor t) {
          for (double& v : t.values) v *= scale;
          return t;
        };
        cuda::pool(kind, scale, from.view(), out.view(), precision, nullptr);
        expect(out, scaled(reference::pool(in, pooling, rounding)), elementwise(precision));
        for (const Epilogue& epilogue : kEpilogues) {
          const device::Tensor to = target_of(epilogue, there, precision);
          cuda::pool_back(kind, scale, gradients.view(), from.view(), gradient_of(epilogue, to, masks),
                          precision, nullptr);
          expect(to, finished(scaled(reference::pool_back(gradient, in, pooling)), epilogue, there, mask),
                 elementwise(precision));
        }
      }
    }
  });
}

// Channel means and standard deviations: sums over splits of the rows, then both, and their gradient.
#include "../kernels/mean_std.h"

#include <cmath>

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr int kSplits = 16;
constexpr int kChannels = 64;  // of a task: whole cache lines of every pixel

size_t splits_of(const Shape& features) {
  return static_cast<size_t>(std::min(kSplits, features.height));
}

// Of every split in turn: sums of F, then of F^2.
double channel_sums(const Workspace& w, const Step& step) {
  const Tensor features = w.tensor(step.in);
  const size_t splits = splits_of(w.shape(step.in));
  const size_t c = static_cast<size_t>(features.channels);
  double* sums = w.doubles(step.out);
  if (!step.accumulate) std::fill(sums, sums + splits * 2 * c, 0.0);
  const size_t parts = static_cast<size_t>((features.channels + kChannels - 1) / kChannels);
  w.each(splits * parts, [&](size_t task) {
    const size_t split = task / parts;
    const int c0 = static_cast<int>(task % parts) * kChannels;
    const size_t rows = static_cast<size_t>(step.rows);
    const auto row = [&](size_t s) { return step.first_row + static_cast<int>(s * rows / splits); };
    kernels::channel_sums(w.isa())(features, w.floats(step.guide), c0,
                                   std::min(features.channels, c0 + kChannels), row(split), row(split + 1),
                                   sums + split * 2 * c);
  });
  return 0;
}

double mean_std(const Workspace& w, const Step& step) {
  const Shape& features = w.shape(step.in);
  const size_t c = static_cast<size_t>(features.channels);
  const double* sums = w.doubles(step.in);
  float* out = w.floats(step.out);
  for (size_t k = 0; k < c; ++k) {
    double first = 0;
    double second = 0;
    for (size_t split = 0; split < splits_of(features); ++split) {
      first += sums[split * 2 * c + k];
      second += sums[split * 2 * c + c + k];
    }
    const double mean = first * step.scale;
    out[k] = static_cast<float>(mean);
    out[c + k] = static_cast<float>(std::sqrt(std::max(0.0, second * step.scale - mean * mean)));
  }
  return 0;
}

// d mu / dF = 1/M and d sigma / dF = (F - mu) / (sigma M); where all are alike, sigma has no slope.
double mean_std_back(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const size_t c = static_cast<size_t>(in.channels);
  const float* statistic = w.floats(step.statistic);
  const float* gradient = w.floats(step.other);
  std::vector<float> by_mean(c);
  std::vector<float> by_deviation(c);
  for (size_t k = 0; k < c; ++k) {
    const double deviation = static_cast<double>(statistic[c + k]);
    by_mean[k] = static_cast<float>(static_cast<double>(gradient[k]) * step.scale);
    by_deviation[k] =
        deviation > 0 ? static_cast<float>(static_cast<double>(gradient[c + k]) * step.scale / deviation) : 0;
  }
  w.each_rows(in.height, elements_of(in), [&](int y0, int y1) {
    kernels::mean_std_back(w.isa())(in, statistic, by_mean.data(), by_deviation.data(), w.floats(step.guide),
                                    out, w.origin(step.mask), step.accumulate, y0, y1);
  });
  return 0;
}

size_t sums_bytes(const Isa&, const Shape& features) {
  return splits_of(features) * 2 * static_cast<size_t>(features.channels) * sizeof(double);
}

const RegisterOperation kChannelSums("channel_sums", {channel_sums, nullptr, sums_bytes});
const RegisterOperation kMeanStd("mean_std", {mean_std});
const RegisterOperation kMeanStdBack("mean_std_back", {mean_std_back});

}  // namespace
}  // namespace scumble::cpu

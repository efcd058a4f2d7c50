// Histograms per channel, the quantiles of one, and the difference of features from what has those.
#include "../kernels/histogram.h"

#include <limits>

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr int kChannels = 16;  // of a task: a cache line of every pixel
constexpr int kSplits = 16;
constexpr size_t kCounts = size_t{1} << 19;  // doubles of all splits together, at most, if more than one

size_t bins_of(const Shape& histogram) {
  return static_cast<size_t>(histogram.height) - 2;
}

// The most that any histogram has; working memory is asked for before one is made.
constexpr size_t kBins = 256;

size_t splits_of(const Shape& features) {
  const size_t by_memory = kCounts / (kBins * static_cast<size_t>(features.channels));
  return std::max<size_t>(1, std::min({by_memory, size_t{kSplits}, static_cast<size_t>(features.height)}));
}

// Ranks of the points: the share of values below, those at the point itself counting half.
std::vector<double> ranks(const float* counts, size_t bins, size_t channels, size_t c) {
  std::vector<double> found(bins);
  double below = 0;
  for (size_t i = 0; i < bins; ++i) {
    const double here = static_cast<double>(counts[i * channels + c]);
    found[i] = below + here / 2;
    below += here;
  }
  for (double& rank : found) rank /= below;
  return found;
}

// Rows of `out`: the lowest values, the highest, then the counts at each point.
double histogram(const Workspace& w, const Step& step) {
  const Tensor features = w.tensor(step.in);
  const size_t c = static_cast<size_t>(features.channels);
  const size_t bins = bins_of(w.shape(step.out));
  const size_t splits = splits_of(w.shape(step.in));
  float* low = w.floats(step.out);
  float* high = low + c;
  float* counts = high + c;
  double* partial = w.doubles(step.scratch);
  const size_t parts = (c + kChannels - 1) / kChannels;
  const auto first = [&](size_t part) { return static_cast<int>(part) * kChannels; };
  const auto end = [&](size_t part) { return std::min(features.channels, first(part) + kChannels); };
  w.each(parts, [&](size_t part) {
    std::fill(low + first(part), low + end(part), std::numeric_limits<float>::infinity());
    std::fill(high + first(part), high + end(part), -std::numeric_limits<float>::infinity());
    kernels::channel_range(w.isa())(features, first(part), end(part), 0, features.height, low, high);
  });
  std::fill(partial, partial + splits * bins * c, 0.0);
  w.each(splits * parts, [&](size_t task) {
    const size_t split = task / parts;
    const size_t part = task % parts;
    const size_t rows = static_cast<size_t>(features.height);
    kernels::histogram_counts(w.isa())(features, low, high, static_cast<int>(bins), first(part), end(part),
                                       static_cast<int>(split * rows / splits),
                                       static_cast<int>((split + 1) * rows / splits),
                                       partial + split * bins * c);
  });
  w.each(bins, [&](size_t bin) {
    for (size_t k = 0; k < c; ++k) {
      double total = 0;
      for (size_t split = 0; split < splits; ++split) total += partial[(split * bins + bin) * c + k];
      counts[bin * c + k] = static_cast<float>(total);
    }
  });
  return 0;
}

// Quantiles at the ranks (i + 1/2) / n: between two points in proportion to their ranks.
double quantiles(const Workspace& w, const Step& step) {
  const size_t c = static_cast<size_t>(w.shape(step.in).channels);
  const size_t bins = bins_of(w.shape(step.in));
  const size_t n = static_cast<size_t>(w.shape(step.out).height);
  const float* in = w.floats(step.in);
  float* out = w.floats(step.out);
  w.each(c, [&](size_t k) {
    const std::vector<double> rank = ranks(in + 2 * c, bins, c, k);
    const double low = static_cast<double>(in[k]);
    const double step_size = (static_cast<double>(in[c + k]) - low) / static_cast<double>(bins - 1);
    size_t i = 0;
    for (size_t q = 0; q < n; ++q) {
      const double wanted = (static_cast<double>(q) + 0.5) / static_cast<double>(n);
      while (i < bins && rank[i] < wanted) ++i;
      double at = 0;  // in points
      if (i == bins) {
        at = static_cast<double>(bins - 1);
      } else if (i > 0) {
        at = static_cast<double>(i - 1) + (wanted - rank[i - 1]) / (rank[i] - rank[i - 1]);
      }
      out[q * c + k] = static_cast<float>(low + at * step_size);
    }
  });
  return 0;
}

double histogram_back(const Workspace& w, const Step& step) {
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const size_t c = static_cast<size_t>(in.channels);
  const size_t bins = bins_of(w.shape(step.statistic));
  const size_t n = static_cast<size_t>(w.shape(step.other).height);
  const float* statistic = w.floats(step.statistic);
  const float* target = w.floats(step.other);
  std::vector<float> map(bins * c);  // what each point becomes
  w.each(c, [&](size_t k) {
    const std::vector<double> rank = ranks(statistic + 2 * c, bins, c, k);
    for (size_t i = 0; i < bins; ++i) {
      const double at = std::clamp(rank[i] * static_cast<double>(n) - 0.5, 0.0, static_cast<double>(n - 1));
      const size_t below = std::min(static_cast<size_t>(at), n - 2);
      const double share = at - static_cast<double>(below);
      const double q0 = static_cast<double>(target[below * c + k]);
      const double q1 = static_cast<double>(target[(below + 1) * c + k]);
      map[i * c + k] = static_cast<float>(q0 + share * (q1 - q0));
    }
  });
  const float scale = static_cast<float>(step.scale);
  return step.loss_scale * w.sum_rows(in.height, elements_of(in), [&](int y0, int y1) {
    return kernels::histogram_back(w.isa())(in, statistic, statistic + c, map.data(), static_cast<int>(bins),
                                            out, w.origin(step.mask), step.accumulate, scale, y0, y1);
  });
}

size_t counts_bytes(const Isa&, const Shape& features) {
  return splits_of(features) * kBins * static_cast<size_t>(features.channels) * sizeof(double);
}

const RegisterOperation kHistogram("histogram", {histogram, nullptr, counts_bytes});
const RegisterOperation kQuantiles("quantiles", {quantiles});
const RegisterOperation kHistogramBack("histogram_back", {histogram_back});

}  // namespace
}  // namespace scumble::cpu

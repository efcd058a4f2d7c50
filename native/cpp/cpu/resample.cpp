#include "resample.h"

#include <algorithm>

#include "kernels/vectors.h"
#include "thread_pool.h"

namespace scumble::cpu {
namespace {

// For every output sample, the first input sample it looks at and the weights of the run that follows.
struct Weights {
  std::vector<int> first;
  std::vector<std::vector<float>> weights;

  Weights(Filter filter, int from, int to) {
    for (int i = 0; i < to; ++i) {
      const Taps taps(filter, i, from, to);
      std::vector<double> exact;
      double total = 0;
      for (int k = taps.begin; k < taps.end; ++k) {
        exact.push_back(taps.weight(k));
        total += exact.back();
      }
      first.push_back(taps.begin);
      weights.emplace_back();
      for (const double weight : exact) weights.back().push_back(static_cast<float>(weight / total));
    }
  }
};

}  // namespace

std::vector<float> resample(const Isa& isa, const float* from, int width, int height, int channels,
                            int to_width, int to_height, const Resampling& how, int threads) {
  const Weights across(how.filter, width, to_width);
  const Weights down(how.filter, height, to_height);
  const size_t c = static_cast<size_t>(channels);
  const size_t in_row = static_cast<size_t>(width) * c;
  const size_t out_row = static_cast<size_t>(to_width) * c;

  std::vector<float> narrow(static_cast<size_t>(height) * out_row);
  ThreadPool::shared().run(height, threads, [&](int y) {
    const float* row = from + static_cast<size_t>(y) * in_row;
    float* to = narrow.data() + static_cast<size_t>(y) * out_row;
    for (size_t x = 0; x < static_cast<size_t>(to_width); ++x) {
      const std::vector<float>& weights = across.weights[x];
      const float* source = row + static_cast<size_t>(across.first[x]) * c;
      for (size_t k = 0; k < c; ++k) {
        float value = 0;
        for (size_t t = 0; t < weights.size(); ++t) value += weights[t] * source[t * c + k];
        to[x * c + k] = value;
      }
    }
  });

  std::vector<float> out(static_cast<size_t>(to_height) * out_row);
  ThreadPool::shared().run(to_height, threads, [&](int y) {
    const size_t row = static_cast<size_t>(y);
    const std::vector<float>& weights = down.weights[row];
    std::vector<const float*> sources;
    for (size_t t = 0; t < weights.size(); ++t) {
      sources.push_back(narrow.data() + (static_cast<size_t>(down.first[row]) + t) * out_row);
    }
    float* to = out.data() + row * out_row;
    kernels::blend_rows(isa)(to, sources.data(), weights.data(), static_cast<int>(weights.size()), out_row);
    for (size_t i = 0; i < out_row; ++i) to[i] = std::clamp(to[i], how.low, how.high);
  });
  return out;
}

}  // namespace scumble::cpu

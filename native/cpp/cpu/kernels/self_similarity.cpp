// Self-similarity: how far every sample is from every other, as shares of the column's sum.
#include "simd.h"

#include "self_similarity.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

constexpr float kLeastMean = 1e-5f;  // of a column: where all samples are alike, only rounding is left

// Of the columns at hand: 1 / their sums, and whether these are their own.
struct Columns {
  float inverse[kShareColumns] = {};
  bool own[kShareColumns] = {};

  Columns(const float* cosines, int n, int begin, int end) {
    double sums[kShareColumns] = {};
    for (int i = 0; i < n; ++i) {
      for (int j = begin; j < end; ++j)
        sums[j - begin] += static_cast<double>(distance(cosines[static_cast<ptrdiff_t>(i) * n + j], i, j));
    }
    const double least = static_cast<double>(kLeastMean) * n;
    for (int k = 0; k < end - begin; ++k) {
      own[k] = !(sums[k] < least);
      inverse[k] = static_cast<float>(1 / (own[k] ? sums[k] : least));
    }
  }

  // Rounding makes no distance negative.
  static float distance(float cosine, int i, int j) {
    const float d = 1 - cosine;
    return i == j || d < 0 ? 0 : d;
  }
};

}  // namespace

void distance_shares(const float* cosines, int n, int begin, int end, float* shares) {
  const Columns columns(cosines, n, begin, end);
  for (int i = 0; i < n; ++i) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(i) * n;
    for (int j = begin; j < end; ++j)
      shares[row + j] = Columns::distance(cosines[row + j], i, j) * columns.inverse[j - begin];
  }
}

double self_similarity(const float* cosines, const float* target, int n, int begin, int end, float scale,
                       float* slopes) {
  const Columns columns(cosines, n, begin, end);
  double total = 0;
  double along[kShareColumns] = {};  // how the loss changes with the sum
  for (int i = 0; i < n; ++i) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(i) * n;
    for (int j = begin; j < end; ++j) {
      const int k = j - begin;
      const float share = Columns::distance(cosines[row + j], i, j) * columns.inverse[k];
      const float d = share - target[row + j];
      const float sign = static_cast<float>(d > 0) - static_cast<float>(d < 0);
      total += static_cast<double>(d < 0 ? -d : d);
      along[k] += static_cast<double>(sign * share);
      slopes[row + j] = sign;
    }
  }
  for (int i = 0; i < n; ++i) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(i) * n;
    for (int j = begin; j < end; ++j) {
      const int k = j - begin;
      const float less = columns.own[k] ? static_cast<float>(along[k]) : 0;
      slopes[row + j] = i == j ? 0 : -scale * columns.inverse[k] * (slopes[row + j] - less);
    }
  }
  return total;
}

void symmetric(const float* in, int n, int begin, int end, float* out) {
  constexpr int kTile = 32;
  for (int j0 = 0; j0 < n; j0 += kTile) {
    const int j1 = j0 + kTile < n ? j0 + kTile : n;
    for (int i = begin; i < end; ++i) {
      const ptrdiff_t row = static_cast<ptrdiff_t>(i) * n;
      for (int j = j0; j < j1; ++j) out[row + j] = in[row + j] + in[static_cast<ptrdiff_t>(j) * n + i];
    }
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

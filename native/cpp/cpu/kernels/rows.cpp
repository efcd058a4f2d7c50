// Rows of features: their means, what they are away from them in direction, and how near two directions are.
// Sums are in double.
#include "simd.h"

#include "rows.h"

namespace scumble::cpu::SCUMBLE_ISA {

void row_means(const float* rows, int count, int channels, int c0, int c1, float* means) {
  for (int c = c0; c < c1; c += kWidth) {
    const int left = c1 - c;
    DoubleVec sums{};
    const float* from = rows + c;
    for (int i = 0; i < count; ++i, from += channels) sums += widen(load(from, left));
    store(means + c, __builtin_convertvector(sums / static_cast<double>(count), Vec), left);
  }
}

float unit_row(const float* row, const float* means, int channels, float* out) {
  DoubleVec squares{};
  for (int c = 0; c < channels; c += kWidth) {
    const int left = channels - c;
    const Vec away = load(row + c, left) - load(means + c, left);
    const DoubleVec wide = widen(away);
    squares += wide * wide;
    store(out + c, away, left);
  }
  const double length = __builtin_sqrt(sum(squares));
  const float inverse = length == 0 ? 0 : static_cast<float>(1 / length);
  for (int c = 0; c < channels; c += kWidth) {
    const int left = channels - c;
    store(out + c, load(out + c, left) * splat(inverse), left);
  }
  return inverse;
}

double cosine_row(const float* row, const float* other, int stride, int channels, float scale, float* out) {
  double cosine = 0;
  const float* b = other;
  for (int c = 0; c < channels; ++c, b += stride)
    cosine += static_cast<double>(row[c]) * static_cast<double>(*b);
  const float along = static_cast<float>(cosine);
  b = other;
  for (int c = 0; c < channels; ++c, b += stride) out[c] = scale * (along * row[c] - *b);
  return cosine;
}

void centre_row(float* out, const float* means, int channels) {
  for (int c = 0; c < channels; c += kWidth) {
    const int left = channels - c;
    store(out + c, load(out + c, left) - load(means + c, left), left);
  }
}

}  // namespace scumble::cpu::SCUMBLE_ISA

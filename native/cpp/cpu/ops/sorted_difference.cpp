// What values differ by from those of the same rank: both rows are sorted, by radix, a row a task.
#include <cstring>

#include "../operation.h"

namespace scumble::cpu {
namespace {

// Bits of a pass; three cover a float.
constexpr int kBits = 11;
constexpr size_t kDigits = size_t{1} << kBits;
constexpr int kPasses = 3;

// A number of the same order as the float, and where it comes from.
struct Key {
  uint32_t value;
  uint32_t index;
};

uint32_t key_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}

float value_of(uint32_t key) {
  const uint32_t bits = key >> 31 != 0 ? key & 0x7fffffffu : ~key;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

size_t digit(uint32_t key, int pass) {
  return key >> (kBits * pass) & (kDigits - 1);
}

// The keys of `n` values in order, in one of two arrays; where equal, as they came.
const Key* sorted(const float* values, size_t n, Key* keys, Key* other, uint32_t* counts) {
  std::fill(counts, counts + kPasses * kDigits, 0u);
  for (size_t i = 0; i < n; ++i) {
    keys[i] = {key_of(values[i]), static_cast<uint32_t>(i)};
    for (int pass = 0; pass < kPasses; ++pass)
      ++counts[static_cast<size_t>(pass) * kDigits + digit(keys[i].value, pass)];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    uint32_t* begin = counts + static_cast<size_t>(pass) * kDigits;
    uint32_t below = 0;
    for (size_t d = 0; d < kDigits; ++d) {
      const uint32_t here = begin[d];
      begin[d] = below;
      below += here;
    }
    for (size_t i = 0; i < n; ++i) other[begin[digit(keys[i].value, pass)]++] = keys[i];
    std::swap(keys, other);
  }
  return keys;
}

// Floats of scratch for rows of up to `n`.
size_t floats_for(size_t n) {
  return n + 4 * n + kPasses * kDigits;
}

double sorted_difference(const Workspace& w, const Step& step) {
  const Shape& in = w.shape(step.in);
  const Shape& other = w.shape(step.other);
  const size_t n = static_cast<size_t>(in.channels);
  const size_t m = static_cast<size_t>(other.channels);
  const size_t most = std::max(n, m);
  const float scale = static_cast<float>(step.scale);
  // A rank of one in the other.
  const double ratio = static_cast<double>(m) / static_cast<double>(n);
  std::vector<double> shares(static_cast<size_t>(in.height));
  w.each_with_scratch(in.height, [&](int row, float* scratch) {
    float* target = scratch;
    Key* keys = reinterpret_cast<Key*>(target + most);
    Key* spare = keys + most;
    uint32_t* counts = reinterpret_cast<uint32_t*>(spare + most);
    const size_t r = static_cast<size_t>(row);
    const Key* found = sorted(w.floats(step.other) + r * m, m, keys, spare, counts);
    for (size_t i = 0; i < m; ++i) target[i] = value_of(found[i].value);
    found = sorted(w.floats(step.in) + r * n, n, keys, spare, counts);
    float* out = w.floats(step.out) + r * n;
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const double at =
          std::clamp((static_cast<double>(i) + 0.5) * ratio - 0.5, 0.0, static_cast<double>(m - 1));
      const size_t below = static_cast<size_t>(at);
      const float share = static_cast<float>(at - static_cast<double>(below));
      const float next = target[std::min(below + 1, m - 1)];
      const float away = value_of(found[i].value) - (target[below] + share * (next - target[below]));
      sum += static_cast<double>(away) * static_cast<double>(away);
      out[found[i].index] = scale * away;
    }
    shares[r] = sum;
  });
  double total = 0;
  for (const double share : shares) total += share;
  return step.loss_scale * total;
}

size_t scratch(const Machine&, const Plan& plan, const Step& step) {
  return floats_for(static_cast<size_t>(
      std::max(plan.buffer(step.in).shape.channels, plan.buffer(step.other).shape.channels)));
}

const RegisterOperation kSortedDifference("sorted_difference", {sorted_difference, scratch});

}  // namespace
}  // namespace scumble::cpu

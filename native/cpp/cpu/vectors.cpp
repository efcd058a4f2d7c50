#include "vectors.h"

#include <cmath>
#include <cstring>

#include "kernels/vectors.h"

namespace scumble::cpu {
namespace {

// Elements of one call of a vector kernel: several such runs fit the first-level cache.
constexpr size_t kRunElements = 1024;

}  // namespace

void CpuVectors::copy(BufferId to, BufferId from) {
  std::memcpy(w_.floats(to), w_.floats(from), elements(from) * sizeof(float));
}

std::vector<float> CpuVectors::values(BufferId from) const {
  return {w_.floats(from), w_.floats(from) + elements(from)};
}

void CpuVectors::set(BufferId to, const std::vector<float>& values) {
  std::memcpy(w_.floats(to), values.data(), values.size() * sizeof(float));
}

double CpuVectors::sum_abs(BufferId v) {
  const float* data = w_.floats(v);
  const auto kernel = kernels::sum_abs(w_.isa());
  return w_.sum_runs(elements(v), [&](size_t begin, size_t n) { return kernel(data + begin, n); });
}

void CpuVectors::dot_products(const std::vector<BufferId>& left, const std::vector<BufferId>& right,
                              double* out) {
  const size_t n = elements(left[0]);
  const size_t count = left.size() * right.size();
  const size_t tasks = (n + kTaskElements - 1) / kTaskElements;
  std::vector<double> partial(tasks * count);
  w_.each(tasks, [&](size_t task) {
    std::vector<const float*> l(left.size());
    std::vector<const float*> r(right.size());
    const size_t end = std::min(n, (task + 1) * kTaskElements);
    for (size_t begin = task * kTaskElements; begin < end; begin += kRunElements) {
      for (size_t i = 0; i < l.size(); ++i) l[i] = w_.floats(left[i]) + begin;
      for (size_t i = 0; i < r.size(); ++i) r[i] = w_.floats(right[i]) + begin;
      kernels::dot_products(w_.isa())(l.data(), static_cast<int>(l.size()), r.data(),
                                      static_cast<int>(r.size()), std::min(kRunElements, end - begin),
                                      &partial[task * count]);
    }
  });
  std::fill(out, out + count, 0.0);
  for (size_t task = 0; task < tasks; ++task) {
    for (size_t i = 0; i < count; ++i) out[i] += partial[task * count + i];
  }
}

void CpuVectors::combine(BufferId to, const std::vector<BufferId>& terms,
                         const std::vector<double>& coefficients) {
  w_.each_run(elements(to), [&](size_t begin, size_t n) {
    std::vector<const float*> from(terms.size());
    for (size_t i = 0; i < from.size(); ++i) from[i] = w_.floats(terms[i]) + begin;
    kernels::combine(w_.isa())(w_.floats(to) + begin, from.data(), coefficients.data(),
                               static_cast<int>(from.size()), n);
  });
}

void CpuVectors::adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t, double learning_rate,
                      const AdamConstants& k) {
  const double step = learning_rate / (1 - std::pow(k.beta1, static_cast<double>(t)));
  const double correction = 1 / std::sqrt(1 - std::pow(k.beta2, static_cast<double>(t)));
  w_.each_run(elements(x), [&](size_t begin, size_t n) {
    kernels::adam(w_.isa())(w_.floats(x) + begin, w_.floats(gradient) + begin, w_.floats(m) + begin,
                            w_.floats(v) + begin, k.beta1, k.beta2, static_cast<float>(step),
                            static_cast<float>(correction), static_cast<float>(k.epsilon), n);
  });
}

void CpuVectors::rmsprop(BufferId x, BufferId gradient, BufferId v, double learning_rate,
                         const RmspropConstants& k) {
  w_.each_run(elements(x), [&](size_t begin, size_t n) {
    kernels::rmsprop(w_.isa())(w_.floats(x) + begin, w_.floats(gradient) + begin, w_.floats(v) + begin,
                               k.decay, static_cast<float>(learning_rate), static_cast<float>(k.epsilon), n);
  });
}

void CpuVectors::clamp(BufferId x, float low, float high) {
  w_.each_run(elements(x),
              [&](size_t begin, size_t n) { kernels::clamp(w_.isa())(w_.floats(x) + begin, low, high, n); });
}

}  // namespace scumble::cpu

// The peak of fused multiply-adds, which benchmarks stand beside: independent chains of them on registers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

constexpr int kChains = 12;
constexpr int kRounds = 1'000'000;

template <typename Vec>
inline __attribute__((always_inline)) float chains() {
  Vec acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = Vec{} + static_cast<float>(i);
  const Vec a = Vec{} + 0.999f;
  const Vec b = Vec{} + 0.001f;
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) acc[i] = acc[i] * a + b;
  }
  Vec sum{};
  for (int i = 0; i < kChains; ++i) sum += acc[i];
  return sum[0];
}

typedef float Vec4 __attribute__((vector_size(16)));
inline float portable_chains() {
  return chains<Vec4>();
}
#if defined(__x86_64__)
typedef float Vec8 __attribute__((vector_size(32)));
typedef float Vec16 __attribute__((vector_size(64)));
__attribute__((target("avx2,fma"))) inline float avx2_chains() {
  return chains<Vec8>();
}
__attribute__((target("avx512f,fma"))) inline float avx512_chains() {
  return chains<Vec16>();
}
#endif

// One measurement: a few milliseconds, of which the best of many is the peak.
inline double peak(const char* isa, int threads) {
  float (*run)() = portable_chains;
  int width = 4;
#if defined(__x86_64__)
  if (std::strcmp(isa, "avx2") == 0) run = avx2_chains, width = 8;
  if (std::strncmp(isa, "avx512", 6) == 0) run = avx512_chains, width = 16;
#endif
  std::vector<std::thread> workers;
  const double start = seconds();
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([run] {
      volatile float kept = run();
      (void)kept;
    });
  }
  for (std::thread& worker : workers) worker.join();
  return 2.0 * width * kRounds * kChains * threads / (seconds() - start);
}

}  // namespace bench

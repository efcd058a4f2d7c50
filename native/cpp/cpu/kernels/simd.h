// The vector width. Kernels are written once over these types (GCC and Clang vector extensions) and compiled
// once per instruction set into a namespace of their own; nothing here or in a kernel may use the standard
// library's inline functions, or the linker could keep a copy that an older processor cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(SCUMBLE_KERNEL)
#error "simd.h must come before the headers that declare kernels"
#endif

#if defined(SCUMBLE_ISA_AVX512BF16)
#include <immintrin.h>
#define SCUMBLE_ISA avx512bf16
#define SCUMBLE_INDEX 3
#define SCUMBLE_WIDTH 16
#define SCUMBLE_ROWS 14
#elif defined(SCUMBLE_ISA_AVX512)
#define SCUMBLE_ISA avx512
#define SCUMBLE_INDEX 2
#define SCUMBLE_WIDTH 16
#define SCUMBLE_ROWS 14
#elif defined(SCUMBLE_ISA_AVX2)
#define SCUMBLE_ISA avx2
#define SCUMBLE_INDEX 1
#define SCUMBLE_WIDTH 8
#define SCUMBLE_ROWS 6
#elif defined(SCUMBLE_ISA_WIDE)
// AVX-512's shapes on any processor, for tests: the compiler makes such vectors of shorter ones.
#define SCUMBLE_ISA wide
#define SCUMBLE_INDEX 4
#define SCUMBLE_WIDTH 16
#define SCUMBLE_ROWS 14
#elif defined(SCUMBLE_ISA_NEON)
#define SCUMBLE_ISA neon
#define SCUMBLE_INDEX 1
#define SCUMBLE_WIDTH 4
#define SCUMBLE_ROWS 14
#else
#define SCUMBLE_ISA portable
#define SCUMBLE_INDEX 0
#define SCUMBLE_WIDTH 4
#define SCUMBLE_ROWS 6
#endif

namespace scumble::cpu::SCUMBLE_ISA {

constexpr int kIndex = SCUMBLE_INDEX;  // Isa::index
constexpr int kWidth = SCUMBLE_WIDTH;
// Rows of a register tile: kRows accumulators times two vectors, plus two operands and a broadcast, fill the
// registers.
constexpr int kRows = SCUMBLE_ROWS;
// Whether add_products() is one instruction.
#if defined(SCUMBLE_ISA_AVX512BF16)
constexpr bool kBf16 = true;
#else
constexpr bool kBf16 = false;
#endif

// How a Winograd product is best cut: large tiles for gradients, and the most tiles of a run, of which long
// ones make transforming kernels on the way cheap, as long as their products fit the second-level cache.
// docs/cpu.md has what was measured, and why 16 lanes follow 8 in tiles. NEON has not been measured with
// large ones.
#if defined(SCUMBLE_ISA_NEON)
constexpr bool kLargeTiles = false;
#else
constexpr bool kLargeTiles = true;
#endif
constexpr int kRunTiles = SCUMBLE_ROWS == 6 ? 112 : 56;
constexpr bool kLongRuns = SCUMBLE_WIDTH == 16;

typedef float Vec __attribute__((vector_size(4 * SCUMBLE_WIDTH)));
typedef double DoubleVec __attribute__((vector_size(8 * SCUMBLE_WIDTH)));
typedef int32_t Mask __attribute__((vector_size(4 * SCUMBLE_WIDTH)));
// Pairs of bf16, the first in the lower half.
typedef uint32_t Pairs __attribute__((vector_size(4 * SCUMBLE_WIDTH)));
typedef uint16_t Halves __attribute__((vector_size(2 * SCUMBLE_WIDTH)));

inline __attribute__((always_inline)) Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

inline __attribute__((always_inline)) void store(float* p, Vec v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// The first n lanes; the others are zero.
inline __attribute__((always_inline)) Vec load(const float* p, int n) {
  Vec v{};
  if (n >= kWidth) return load(p);
  __builtin_memcpy(&v, p, static_cast<size_t>(n) * sizeof(float));
  return v;
}

inline __attribute__((always_inline)) void store(float* p, Vec v, int n) {
  if (n >= kWidth) {
    store(p, v);
  } else {
    __builtin_memcpy(p, &v, static_cast<size_t>(n) * sizeof(float));
  }
}

// x - 0 is x for every x, as x + 0 is not: compilers make this one broadcast and that an addition too.
inline __attribute__((always_inline)) Vec splat(float x) {
  return x - Vec{};
}

// mask ? v : 0, lane by lane; masks come from comparisons and are all ones or all zeros.
inline __attribute__((always_inline)) Vec keep(Mask mask, Vec v) {
  return reinterpret_cast<Vec>(mask & reinterpret_cast<Mask>(v));
}

// ReLU; NaN stays NaN, so that a diverged picture cannot hide behind it.
inline __attribute__((always_inline)) Vec rectified(Vec v) {
  return keep(~(v <= Vec{}), v);
}

// bf16 is the upper half of a float32: that, to the nearest, ties to even. The lower half means nothing. NaN
// stays NaN.
inline __attribute__((always_inline)) Pairs nearest_bf16(Vec v) {
  const Pairs bits = reinterpret_cast<Pairs>(v);
  const Pairs nan = reinterpret_cast<Pairs>((bits & 0x7fffffff) > 0x7f800000);
  return ((bits + 0x7fff + ((bits >> 16) & 1)) & ~nan) | ((bits | 0x400000) & nan);
}

inline __attribute__((always_inline)) Pairs pair(Vec first, Vec second) {
  return (nearest_bf16(second) & 0xffff0000) | (nearest_bf16(first) >> 16);
}

// Neighbours become pairs: kWidth / 2 words, or as many as n lanes need.
inline __attribute__((always_inline)) void store_as_pairs(float* p, Vec v, int n) {
  const Halves halves = __builtin_convertvector(nearest_bf16(v) >> 16, Halves);
  if (n >= kWidth) {
    __builtin_memcpy(p, &halves, sizeof halves);
  } else {
    __builtin_memcpy(p, &halves, static_cast<size_t>(n + 1) / 2 * sizeof(float));
  }
}

inline __attribute__((always_inline)) Pairs load_pairs(const float* p) {
  Pairs v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

inline __attribute__((always_inline)) void store_pairs(float* p, Pairs v) {
  __builtin_memcpy(p, &v, sizeof v);
}

inline __attribute__((always_inline)) Pairs splat_pair(const float* p) {
  uint32_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return x | Pairs{};
}

// sum + the products of both halves.
inline __attribute__((always_inline)) Vec add_products(Vec sum, Pairs a, Pairs b) {
#if defined(SCUMBLE_ISA_AVX512BF16)
  return reinterpret_cast<Vec>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(a),
                                                reinterpret_cast<__m512bh>(b)));
#else
  sum += reinterpret_cast<Vec>(a & 0xffff0000) * reinterpret_cast<Vec>(b & 0xffff0000);
  return sum + reinterpret_cast<Vec>(a << 16) * reinterpret_cast<Vec>(b << 16);
#endif
}

// Tile<rows>::run, for rows from 1 to kRows: register tiles are compiled for every height.
template <template <int> class Tile, int kHeight = kRows>
auto tile_of(int rows) {
  if constexpr (kHeight == 1) {
    return &Tile<1>::run;
  } else {
    return rows == kHeight ? &Tile<kHeight>::run : tile_of<Tile, kHeight - 1>(rows);
  }
}

inline __attribute__((always_inline)) double sum(DoubleVec v) {
  double total = 0;
  for (int i = 0; i < kWidth; ++i) total += v[i];
  return total;
}

inline __attribute__((always_inline)) DoubleVec widen(Vec v) {
  return __builtin_convertvector(v, DoubleVec);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

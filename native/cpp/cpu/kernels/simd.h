// The vector width. Kernels are written once over these types (GCC and Clang vector extensions) and compiled
// once per instruction set into a namespace of their own; nothing here or in a kernel may use the standard
// library's inline functions, or the linker could keep a copy that an older processor cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(SCUMBLE_ISA_AVX512)
#define SCUMBLE_ISA avx512
#define SCUMBLE_WIDTH 16
#define SCUMBLE_ROWS 14
#elif defined(SCUMBLE_ISA_AVX2)
#define SCUMBLE_ISA avx2
#define SCUMBLE_WIDTH 8
#define SCUMBLE_ROWS 6
#else
#define SCUMBLE_ISA portable
#define SCUMBLE_WIDTH 4
#define SCUMBLE_ROWS 6
#endif

namespace scumble::cpu::SCUMBLE_ISA {

constexpr int kWidth = SCUMBLE_WIDTH;
// Rows of a register tile: kRows accumulators times two vectors, plus two operands and a broadcast, fill the
// registers.
constexpr int kRows = SCUMBLE_ROWS;

typedef float Vec __attribute__((vector_size(4 * SCUMBLE_WIDTH)));
typedef double DoubleVec __attribute__((vector_size(8 * SCUMBLE_WIDTH)));
typedef int32_t Mask __attribute__((vector_size(4 * SCUMBLE_WIDTH)));

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

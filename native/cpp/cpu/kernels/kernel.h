// A kernel does one task's share of an operation on one thread; how many there are and who runs them is a
// matter of ops/. It is written once and compiled once per instruction set, into a namespace each. Its header
// declares it by
//
//     SCUMBLE_KERNEL(double, sum_abs, (const float* v, size_t n));
//
// In the kernel's own sources (which include simd.h first) that declares it in the namespace of the
// instruction set at hand; everywhere else kernels::sum_abs(isa) is the one of `isa`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../isa.h"

namespace scumble::cpu {

// One function for each instruction set, by Isa::index; null where this build has none.
template <typename Function>
struct Kernel {
  Function* of[5];
  constexpr Function* operator()(const Isa& isa) const { return of[isa.index]; }
};

}  // namespace scumble::cpu

#if defined(SCUMBLE_ISA)
#define SCUMBLE_KERNEL(result, name, arguments) \
  namespace SCUMBLE_ISA {                       \
  result name arguments;                        \
  }                                             \
  static_assert(true)
#else
#define SCUMBLE_DECLARE(isa, result, name, arguments) \
  namespace isa {                                     \
  result name arguments;                              \
  }
#if defined(SCUMBLE_TEST_WIDE)
#define SCUMBLE_WIDE(result, name, arguments) SCUMBLE_DECLARE(wide, result, name, arguments)
#define SCUMBLE_WIDE_OF(name) &wide::name
#else
#define SCUMBLE_WIDE(result, name, arguments)
#define SCUMBLE_WIDE_OF(name) nullptr
#endif
#if defined(SCUMBLE_X86)
#define SCUMBLE_OTHERS(result, name, arguments)    \
  SCUMBLE_DECLARE(avx2, result, name, arguments)   \
  SCUMBLE_DECLARE(avx512, result, name, arguments) \
  SCUMBLE_DECLARE(avx512bf16, result, name, arguments)
#define SCUMBLE_OTHERS_OF(name) &avx2::name, &avx512::name, &avx512bf16::name
#elif defined(SCUMBLE_ARM64)
#define SCUMBLE_OTHERS(result, name, arguments) SCUMBLE_DECLARE(neon, result, name, arguments)
#define SCUMBLE_OTHERS_OF(name) &neon::name, nullptr, nullptr
#else
#define SCUMBLE_OTHERS(result, name, arguments)
#define SCUMBLE_OTHERS_OF(name) nullptr, nullptr, nullptr
#endif
// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared takes none
#define SCUMBLE_KERNEL(result, name, arguments)                           \
  SCUMBLE_DECLARE(portable, result, name, arguments)                      \
  SCUMBLE_OTHERS(result, name, arguments)                                 \
  SCUMBLE_WIDE(result, name, arguments)                                   \
  namespace kernels {                                                     \
  inline constexpr Kernel<result arguments> name = {                      \
      {&portable::name, SCUMBLE_OTHERS_OF(name), SCUMBLE_WIDE_OF(name)}}; \
  }                                                                       \
  static_assert(true)
// NOLINTEND(bugprone-macro-parentheses)
#endif

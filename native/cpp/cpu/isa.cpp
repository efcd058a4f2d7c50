#include "isa.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../core/error.h"

namespace scumble::cpu {

namespace portable {
extern const Isa isa;
}
#ifdef SCUMBLE_X86
namespace avx2 {
extern const Isa isa;
}
namespace avx512 {
extern const Isa isa;
}
namespace avx512bf16 {
extern const Isa isa;
}
#endif
#ifdef SCUMBLE_ARM64
namespace neon {
extern const Isa isa;
}
#endif

const Isa* const* available_isas() {
  static const auto found = [] {
    std::array<const Isa*, 5> isas{};
    size_t count = 0;
#ifdef SCUMBLE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
      if (__builtin_cpu_supports("avx512bf16")) isas[count++] = &avx512bf16::isa;
      isas[count++] = &avx512::isa;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) isas[count++] = &avx2::isa;
#endif
#ifdef SCUMBLE_ARM64
    isas[count++] = &neon::isa;  // part of the architecture
#endif
    isas[count] = &portable::isa;
    return isas;
  }();
  return found.data();
}

const Isa& isa() {
  const char* forced = std::getenv("SCUMBLE_ISA");
  const Isa* const* candidates = available_isas();
  if (forced == nullptr || *forced == '\0') return *candidates[0];
  std::string names;
  for (; *candidates != nullptr; ++candidates) {
    if (std::strcmp((*candidates)->name, forced) == 0) return **candidates;
    names += std::string(names.empty() ? "" : ", ") + (*candidates)->name;
  }
  throw InvalidArgument("SCUMBLE_ISA is \"" + std::string(forced) + "\"; this processor runs " + names);
}

}  // namespace scumble::cpu

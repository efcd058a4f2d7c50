// Chooses the kernels at run time: one build serves every processor of its architecture.
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../core/error.h"
#include "kernels.h"

namespace scumble::cpu {

namespace portable {
extern const Kernels table;
}
#ifdef SCUMBLE_X86
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
namespace avx512bf16 {
extern const Kernels table;
}
#endif
#ifdef SCUMBLE_ARM64
namespace neon {
extern const Kernels table;
}
#endif

const Kernels* const* available_kernels() {
  static const auto found = [] {
    std::array<const Kernels*, 5> tables{};
    size_t count = 0;
#ifdef SCUMBLE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
      if (__builtin_cpu_supports("avx512bf16")) tables[count++] = &avx512bf16::table;
      tables[count++] = &avx512::table;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables[count++] = &avx2::table;
#endif
#ifdef SCUMBLE_ARM64
    tables[count++] = &neon::table;  // part of the architecture
#endif
    tables[count] = &portable::table;
    return tables;
  }();
  return found.data();
}

const Kernels& kernels() {
  const char* forced = std::getenv("SCUMBLE_ISA");
  const Kernels* const* candidates = available_kernels();
  if (forced == nullptr || *forced == '\0') return *candidates[0];
  std::string names;
  for (; *candidates != nullptr; ++candidates) {
    if (std::strcmp((*candidates)->name, forced) == 0) return **candidates;
    names += std::string(names.empty() ? "" : ", ") + (*candidates)->name;
  }
  throw InvalidArgument("SCUMBLE_ISA is \"" + std::string(forced) + "\"; this processor runs " + names);
}

}  // namespace scumble::cpu

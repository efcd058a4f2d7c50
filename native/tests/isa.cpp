// Which instruction set is taken, and which backends there are.
#include "../cpp/cpu/isa.h"

#include <cstdlib>

#include "../cpp/core/backends.h"
#include "../cpp/core/error.h"
#include "check.h"
#include "support.h"

TEST(the_best_unless_another_is_named) {
  CHECK(&scumble::cpu::isa() == support::own_isas()[0]);
  setenv("SCUMBLE_ISA", "", 1);
  CHECK(&scumble::cpu::isa() == support::own_isas()[0]);
  for (const auto* isa : support::own_isas()) {
    setenv("SCUMBLE_ISA", isa->name, 1);
    CHECK(&scumble::cpu::isa() == isa);
  }
  setenv("SCUMBLE_ISA", "avx1024", 1);
  try {
    scumble::cpu::isa();
    CHECK(false);
  } catch (const scumble::InvalidArgument& error) {
    const std::string message = error.what();
    for (const auto* isa : support::own_isas()) CHECK(message.find(isa->name) != std::string::npos);
    CHECK(message.find("avx1024") != std::string::npos);
  }
  unsetenv("SCUMBLE_ISA");
}

TEST(instruction_sets_differ) {
  const auto isas = support::isas();
  CHECK(std::string(support::own_isas().back()->name) == "portable");
  for (size_t i = 0; i < isas.size(); ++i) {
    CHECK(isas[i]->block > 0 && isas[i]->run_tiles > 0);
    for (size_t k = 0; k < i; ++k) {
      CHECK(isas[i]->index != isas[k]->index);
      CHECK(std::string(isas[i]->name) != isas[k]->name);
    }
  }
}

TEST(backends_go_by_name) {
  CHECK(scumble::find_backend("gpu") == nullptr);
  const scumble::BackendKind* cpu = scumble::find_backend("cpu");
  CHECK(cpu != nullptr);
  const auto backend = cpu->open(0, scumble::Precision::exact);
  CHECK(backend->tensor_bytes({3, 4, 5}) > 3 * 4 * 5 * sizeof(float));
  CHECK(cpu->devices().found.empty());
  CHECK(cpu->self_check(0, true).empty());
}

// Positions drawn by lot and samples there, by every instruction set.
#include "hypercolumns.h"

using scumble::cpu::CpuBackend;

TEST(positions) {
  const CpuBackend backend(scumble::cpu::isa());
  hypercolumns::check_draw(backend);
  hypercolumns::check_evenness(backend);
}

TEST(samples) {
  for (const scumble::cpu::Isa* isa : support::isas())
    hypercolumns::check_samples(CpuBackend(*isa), 2e-6, [](double v) { return v; });
}

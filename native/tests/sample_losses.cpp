// What is compared of samples, by every instruction set, and in the same bytes on any number of threads.
#include "sample_losses.h"

TEST(losses_of_samples) {
  for (const scumble::cpu::Isa* isa : support::isas())
    sample_losses::check_all(scumble::cpu::CpuBackend(*isa));
}

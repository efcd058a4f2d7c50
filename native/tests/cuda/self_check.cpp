// The check of a card's fast kernels against the exact ones: it finds a sound card sound, and names what is
// wrong on one that is not; and once they are switched off, only the others run.
#include "../../cuda/check/self_check.h"

#include "../../cuda/ops/kernel_set.h"
#include "../../cuda/sm90/sm90.h"
#include "../check.h"
#include "orders.h"
#ifdef SCUMBLE_STAND_IN
#include "stand_in/control.h"
#endif

namespace cuda = scumble::cuda;

TEST(a_sound_card_is_found_sound) {
#ifdef SCUMBLE_STAND_IN
  const bool thorough = false;
#else
  const bool thorough = true;
#endif
  const std::vector<scumble::Comparison> found = cuda::self_check(0, thorough);
  CHECK(!found.empty());
  bool portable = false;
  bool fast = false;
  for (const scumble::Comparison& one : found) {
    check::at() = one.kernel + ", " + check::number(one.error);
    CHECK(one.good());
    portable = portable || one.portable;
    fast = fast || !one.portable;
  }
  CHECK(portable && fast == cuda::sm90_kernels());
  CHECK(cuda::kernels_of(0) == cuda::KernelSet::fast);
}

#ifdef SCUMBLE_STAND_IN

TEST(a_wrong_instruction_is_found) {
  stand_in::break_products(true);
  const std::vector<scumble::Comparison> found = cuda::self_check(0);
  stand_in::break_products(false);
  CHECK(!found.empty());
  for (const scumble::Comparison& one : found) {
    check::at() = one.kernel;
    CHECK(one.good() == one.portable);
  }
}

TEST(kernels_can_be_switched_off) {
  CHECK(cuda::sm90_kernels());
  cuda::use_kernels(1, cuda::KernelSet::portable);  // another card
  CHECK(cuda::sm90_kernels());
  cuda::use_kernels(0, cuda::KernelSet::portable);
  CHECK(!cuda::sm90_kernels());
  cuda::use_kernels(0, cuda::KernelSet::fast);
  cuda::use_kernels(1, cuda::KernelSet::fast);
  CHECK(cuda::sm90_kernels());
}

// A choice within a choice ends with it, and the one outside holds again.
TEST(kernels_here_restores_what_was_chosen_outside) {
  const cuda::KernelsHere outer(cuda::KernelSet::portable);
  {
    const cuda::KernelsHere inner(cuda::KernelSet::fast);
    CHECK(cuda::kernels_of(0) == cuda::KernelSet::fast);
  }
  CHECK(cuda::kernels_of(0) == cuda::KernelSet::portable);
}

TEST(an_old_card_has_nothing_to_check) {
  stand_in::Machine machine;
  machine.major = 7;
  machine.minor = 5;
  stand_in::machine(machine);
  CHECK(cuda::self_check(0, true).empty());
  stand_in::machine({});
}

#endif

// What only tests do with the stand-in: choose the machine, the order of things, and what goes wrong.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_runtime.h"

namespace stand_in {

// Another seed, another order of blocks, warps and threads, and another poison. At the start it is the
// environment's SCUMBLE_STAND_IN_SEED, or 0.
void seed(uint64_t value);

struct Machine {
  int devices = 1;
  int major = 9;
  int minor = 0;
  int multiprocessors = 4;
  size_t memory = size_t{8} << 30;  // of each device
  int driver = 13000;               // 0: there is none
};
// Only while nothing is allocated. At the start it is what the environment's SCUMBLE_STAND_IN_MACHINE says:
// devices, major, minor, memory, driver, with spaces between.
void machine(const Machine& machine);

// The call number `after` from now (0: the next) that may fail answers `error`; if `lost`, every later one
// does too; SCUMBLE_STAND_IN_FAILURE is these three with spaces between. Calls that only ask (devices,
// versions, errors) never fail.
void fail(int after, cudaError_t error, bool lost = false);
// Nothing fails from here on.
void heal();

// A card whose wgmma computes something else, or one that is sound again. It is such a card from the start
// where the environment has SCUMBLE_STAND_IN_BROKEN.
void break_products(bool broken);

// What has been allocated and not freed, host memory too, and other things that were made and not destroyed.
size_t allocated();
size_t handles();

}  // namespace stand_in

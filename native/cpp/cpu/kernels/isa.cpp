// What the instruction set at hand is called, and how work is best cut for it.
#include "simd.h"

#include "../isa.h"

namespace scumble::cpu::SCUMBLE_ISA {

#define SCUMBLE_NAME_OF(isa) #isa
#define SCUMBLE_NAME(isa) SCUMBLE_NAME_OF(isa)

extern const Isa isa;
const Isa isa = {SCUMBLE_NAME(SCUMBLE_ISA), kIndex, 2 * kWidth, kBf16, kLargeTiles, kRunTiles, kLongRuns};

}  // namespace scumble::cpu::SCUMBLE_ISA

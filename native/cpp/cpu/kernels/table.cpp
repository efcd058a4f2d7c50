#include "table.h"

namespace scumble::cpu::SCUMBLE_ISA {

#define SCUMBLE_NAME_OF(isa) #isa
#define SCUMBLE_NAME(isa) SCUMBLE_NAME_OF(isa)

extern const Kernels table;
const Kernels table = {SCUMBLE_NAME(SCUMBLE_ISA),
                       2 * kWidth,
                       kBf16,
                       kLargeTiles,
                       kRunTiles,
                       product,
                       winograd,
                       winograd_scratch,
                       first_back,
                       first_back_scratch,
                       gram,
                       input,
                       input_back,
                       relu,
                       relu_back,
                       pool,
                       pool_back,
                       content,
                       difference,
                       tv,
                       sum_abs,
                       products,
                       combine,
                       adam,
                       blend_rows};

}  // namespace scumble::cpu::SCUMBLE_ISA

// The instruction sets that the kernels are compiled for, and what about each the backend must know. One
// build serves every processor of its architecture.
#pragma once

namespace scumble::cpu {

struct Isa {
  const char* name;
  int index;  // in Kernel::of
  int block;  // output channels per packed block
  bool bf16;  // products of bf16 are one instruction here; elsewhere the same sums take more than float32's
  bool large_tiles;  // F(6x6, 3x3) is faster here than F(4x4, 3x3)
  int run_tiles;     // most tiles that one task of a Winograd product should take
  bool long_runs;    // twice as many are faster where its kernels are made on the way
};

// The best one this processor runs, or the one SCUMBLE_ISA names. Throws InvalidArgument for one it cannot
// run.
const Isa& isa();
// Those this processor runs, best first; ends with null.
const Isa* const* available_isas();

}  // namespace scumble::cpu

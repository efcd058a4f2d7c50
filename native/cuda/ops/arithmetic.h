// How products are made, and what activations are kept in.
#pragma once

namespace scumble::cuda {

enum class Arithmetic {
  float32,  // float32 throughout, on every card
  tf32,     // float32 in memory, products of TF32 on the matrix units; compute capability 8.0 and later
  bf16,     // activations, their gradients and weights are bfloat16, sums are float32; 8.0 and later
};

}  // namespace scumble::cuda

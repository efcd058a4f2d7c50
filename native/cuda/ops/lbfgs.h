// One L-BFGS step as core/lbfgs.h takes it, wholly on the device: the recursion runs on the dot products of the
// history's vectors, which one batched kernel makes in one pass over memory.
#pragma once

#include <type_traits>

#include "kernels.h"

namespace scumble::cuda {

// A pair lives in one of history + 1 slots for good. Those remembered are a ring that starts at `first` (the
// oldest); the slot after the newest holds the candidate (s: the last step; y: the gradient before it).
struct LbfgsRing {
  int first;
  int count;
  int started;
  int terms;  // of the step
  float* s;   // the candidate's
  float* y;
};

// Sums of the candidate.
enum LbfgsOwn { kSY, kYY, kGS, kGY, kNorm, kOwn };
// Sums of a pair remembered, old s_i, y_i with new s, y and the gradient.
enum LbfgsCross { kS_y, kY_s, kY_y, kS_g, kY_g, kCross };

// What lies on the device beside the vectors: one block of lbfgs_bytes(), cut up. Dot products are kept by
// slot, so nothing moves when a pair goes.
struct LbfgsMemory {
  int slots;
  LbfgsRing* ring;
  float** vectors;  // s and y of every slot
  float** terms;    // 2 history: the step is the sum of coefficients times these, and the gradient
  double* coefficients;
  double* sy;  // [slot of s][slot of y]
  double* yy;
  double* sums;      // kOwn, then kCross per pair, oldest first
  double* partials;  // kPartials per sum
  size_t bytes;

  LbfgsMemory(void* memory, int history) : slots(history + 1) {
    const size_t n = static_cast<size_t>(slots);
    const size_t found = kOwn + kCross * static_cast<size_t>(history);
    unsigned char* const begin = static_cast<unsigned char*>(memory);
    size_t at = 0;
    const auto take = [&](auto*& part, size_t count) {
      part = reinterpret_cast<std::remove_reference_t<decltype(part)>>(begin + at);
      at += (count * sizeof *part + 15) / 16 * 16;
    };
    take(ring, 1);
    take(vectors, 2 * n);
    take(terms, 2 * n);
    take(coefficients, 2 * n);
    take(sy, n * n);
    take(yy, n * n);
    take(sums, found);
    take(partials, found * kPartials);
    bytes = at;
  }
};

inline size_t lbfgs_bytes(int history) {
  return LbfgsMemory(nullptr, history).bytes;
}

struct LbfgsUpdate {
  float* x;
  const float* gradient;
  float* const* vectors;  // on the host, 2 * (history + 1) device pointers; only lbfgs_start() looks at them
  int history;            // 1 ... 1000
  size_t elements;
  double learning_rate;
  double first_step;
};
// Once before the first step, and to start afresh. Not to be captured: lbfgs() is then the same every time.
void lbfgs_start(const LbfgsUpdate& update, void* memory, cudaStream_t stream);
// Nothing once diverged.
void lbfgs(const LbfgsUpdate& update, const Progress* progress, void* memory, cudaStream_t stream);

}  // namespace scumble::cuda

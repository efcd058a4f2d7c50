// What a backend must be able to do: lay out tensors, pack a network, and run plans. The core never sees how.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "network.h"
#include "plan.h"

namespace scumble {

// Constants of Adam (Kingma & Ba 2014), torch's names.
struct AdamConstants {
  double learning_rate = 1;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// A plan with its memory: every BufferId is a place in one arena, zeroed when made.
class Program {
 public:
  virtual ~Program() = default;

  // Runs all steps. `losses` has room for the plan's slots. Throws Cancelled between steps once `cancelled`
  // is set.
  virtual void run(double* losses, const std::atomic<bool>& cancelled) = 0;

  // Dense copies: pictures are height*width*3, tensors height*width*channels, matrices channels*channels.
  virtual void read(BufferId from, float* to) const = 0;
  virtual void write(BufferId to, const float* from) = 0;

  // Arithmetic on picture buffers, for the optimisers. Sums are accumulated in double in an order that
  // depends only on the picture's size.
  virtual void copy(BufferId to, BufferId from) = 0;
  virtual double sum_abs(BufferId v) = 0;
  // out[i * right.size() + j] = left[i] . right[j], in one pass over memory.
  virtual void products(const std::vector<BufferId>& left, const std::vector<BufferId>& right,
                        double* out) = 0;
  // to = sum of coefficients[i] * terms[i]; `to` may be one of the terms.
  virtual void combine(BufferId to, const std::vector<BufferId>& terms,
                       const std::vector<double>& coefficients) = 0;
  // One Adam update, `t` counted from 1; m and v are the moments.
  virtual void adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t,
                    const AdamConstants& constants) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual size_t tensor_bytes(const Shape& shape) const = 0;
  // For gram and for style_back at a layer.
  virtual size_t matrix_scratch_bytes(const Shape& features) const = 0;
  // What compile() would allocate.
  virtual size_t program_bytes(const Plan& plan, int threads) const = 0;
  // What load() would keep for this architecture.
  virtual size_t network_bytes(const Architecture& architecture) const = 0;

  virtual std::shared_ptr<const Network> load(const Architecture& architecture,
                                              const std::vector<ConvolutionWeights>& weights) const = 0;
  // Allocates program_bytes(). `threads` ≥ 1; throws std::bad_alloc.
  virtual std::unique_ptr<Program> compile(std::shared_ptr<const Network> network, Plan plan,
                                           int threads) const = 0;
};

}  // namespace scumble

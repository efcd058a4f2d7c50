// What a backend must be able to do: lay out tensors, pack a network, and run plans. The core never sees how.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "iteration.h"
#include "network.h"
#include "plan.h"

namespace scumble {

// What was in a buffer when it was asked for, on its way to the host while the program goes on, or ends.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // Waits for it, and may be called once.
  virtual std::vector<float> values() = 0;
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
  // Of a picture.
  virtual std::unique_ptr<Snapshot> snapshot(BufferId from) const = 0;

  // The same as an iteration: evaluates, keeps the result, moves the picture. The program must outlive it.
  virtual std::unique_ptr<Iteration> iteration(const Update& update) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual size_t tensor_bytes(const Shape& shape) const = 0;
  // For gram and for style_back at a layer.
  virtual size_t matrix_scratch_bytes(const Shape& features) const = 0;
  // How many of the plan's steps, from this one on, it makes at once: what they touch then lies apart.
  virtual size_t steps_at_once(const Plan& plan, size_t step) const;
  // What compile() would allocate.
  virtual size_t program_bytes(const Plan& plan, int threads) const = 0;
  // What load() would keep for this architecture.
  virtual size_t network_bytes(const Architecture& architecture) const = 0;

  virtual std::shared_ptr<const Network> load(const Architecture& architecture,
                                              const std::vector<ConvolutionWeights>& weights) const = 0;
  // Allocates program_bytes(). `threads` ≥ 1; throws std::bad_alloc.
  virtual std::unique_ptr<Program> compile(std::shared_ptr<const Network> network, Plan plan,
                                           int threads) const = 0;

  // Lanczos resampling, as cpu/resample.h says.
  virtual std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                                      int to_height, float low, float high, int threads) const = 0;
};

inline size_t Backend::steps_at_once(const Plan&, size_t) const {
  return 1;
}

}  // namespace scumble

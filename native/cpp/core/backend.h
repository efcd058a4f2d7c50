// What a backend must be able to do: say what its memory takes, pack a network, and run plans. The core never
// sees how.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph.h"
#include "iteration.h"
#include "network.h"
#include "plan.h"
#include "resampling.h"

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

  // Runs the steps of the preparation, when the targets are written. Throws Cancelled as run() does.
  virtual void prepare(const std::atomic<bool>& cancelled) = 0;
  // Runs all others. `losses` has room for the plan's slots; what is drawn by lot is drawn for evaluation
  // number `evaluation`, from 0. Throws Cancelled between steps once `cancelled` is set.
  virtual void run(double* losses, const std::atomic<bool>& cancelled, int evaluation) = 0;

  // Runs all steps once, one group of the plan after the other. The seconds that each took.
  virtual std::vector<double> time(const std::atomic<bool>& cancelled) = 0;

  // Dense copies, channels last, of what is dense or a tensor.
  virtual void read(BufferId from, float* to) const = 0;
  virtual void write(BufferId to, const float* from) = 0;
  // Of what is dense.
  virtual std::unique_ptr<Snapshot> snapshot(BufferId from) const = 0;

  // The same as an iteration: evaluates, keeps the result, moves the picture. The program must outlive it.
  virtual std::unique_ptr<Iteration> iteration(const Update& update) = 0;
};

using Networks = std::vector<std::shared_ptr<const Network>>;

class Backend : public Sizes {
 public:
  // Whether what it keeps is in the host's memory.
  virtual bool in_host_memory() const { return false; }
  // Which steps of a finished plan it makes at once: every step is in one group, in order. What the steps of
  // a group touch lies apart in memory.
  virtual std::vector<Group> fuse(const Plan& plan) const;
  // What compile() would allocate.
  virtual size_t program_bytes(const Plan& plan, int threads) const = 0;
  // What load() would keep for this architecture.
  virtual size_t network_bytes(const Architecture& architecture) const = 0;

  // May keep the weights as they are.
  virtual std::shared_ptr<const Network> load(const Architecture& architecture,
                                              std::vector<ConvolutionWeights> weights) const = 0;
  // Allocates program_bytes(). `threads` ≥ 1; throws std::bad_alloc, and InvalidArgument for a plan with an
  // operation that this backend does not have.
  virtual std::unique_ptr<Program> compile(const Networks& networks, Plan plan, int threads) const = 0;

  // Resampling, as cpu/resample.h says.
  virtual std::vector<float> resample(const float* from, int width, int height, int channels, int to_width,
                                      int to_height, const Resampling& how, int threads) const = 0;
};

inline std::vector<Group> Backend::fuse(const Plan& plan) const {
  std::vector<Group> groups;
  for (size_t i = 0; i < plan.steps.size(); ++i) groups.push_back({plan.steps[i].op, i, 1});
  return groups;
}

inline Architectures architectures_of(const Networks& networks) {
  Architectures found;
  for (const auto& network : networks) found.push_back(&network->architecture());
  return found;
}

}  // namespace scumble

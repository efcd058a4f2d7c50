// A session optimises one picture at one size: it owns the program (and with it all memory), the optimiser's
// state and what is the result so far.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "backend.h"
#include "images.h"
#include "laplacian.h"
#include "objective.h"
#include "optimizer.h"
#include "state.h"
#include "targets.h"

namespace scumble {

struct SessionOptions : Setup {
  OptimizerOptions optimizer;
  // Decay of the running mean of the points that the run has been at, the start included, [0, 1), which is then
  // the result; 0: the best point is.
  double averaging = 0;
  bool clamp = false;  // hold the pixels to 0..255 after every move; not with details
  // What is optimised: 0: the pixels; else the coefficients of a Laplacian pyramid of this many details, as many
  // as the picture has sides to halve.
  int details = 0;
};

// Where a session starts, and what its terms' targets and masks are indices of.
struct SessionImages {
  PictureView start;
  std::vector<PictureView> targets;
  std::vector<MaskView> masks;
};

// Bytes.
struct MemoryEstimate {
  size_t network = 0;  // packed weights
  size_t session = 0;  // the largest arena
  size_t targets = 0;  // on the host, while the session is made
};

// A picture on its way to the host.
class Result {
 public:
  // The point that the run stands at, still to come into a mean.
  struct Newest {
    std::unique_ptr<Snapshot> coefficients;
    Pyramid pyramid;
    double decay;
  };
  // Of what was added up, which weighs that much together; 0 if nothing was.
  Result(std::unique_ptr<Snapshot> sum, double weight, std::optional<Newest> newest = {})
      : sum_(std::move(sum)), weight_(weight), newest_(std::move(newest)) {}
  // Waits for it, and may be called once.
  std::vector<float> values();

 private:
  std::unique_ptr<Snapshot> sum_;
  double weight_;
  std::optional<Newest> newest_;
};

class Session {
 public:
  // Collects the targets (a forward pass per image) and stands at the start. Throws InvalidArgument.
  Session(const Backend& backend, const Networks& networks, const SessionOptions& options,
          const SessionImages& images, const std::atomic<bool>& cancelled);

  // What a session would need. Images are looked at for their sizes only.
  static MemoryEstimate estimate(const Backend& backend, const Architectures& networks,
                                 const SessionOptions& options, const SessionImages& images);

  // `count` iterations: each evaluates the objective and its gradient at the current point, then moves the
  // picture. Returns the losses of the last point evaluated. Throws Diverged when a total is not finite: the
  // result so far stays.
  Losses step(const std::atomic<bool>& cancelled, int count = 1);
  Losses step(const std::atomic<bool>& cancelled, int count, Observer& observer);

  // Evaluates without moving; for tests.
  Losses evaluate(const std::atomic<bool>& cancelled);
  void read_gradient(float* to) const { program_->read(plan_.gradient, to); }

  // The result so far: the mean of the points when averaging, the one that it stands at included unless that
  // has no finite loss; else the point of the lowest total loss. The next iterations need not wait until it has
  // been read, and it outlives the session.
  Result result() const;

  // Where it stands; between steps, or while an observer is leaving().
  State save() const;
  // Goes on in the same bytes as the session that was saved. Throws InvalidArgument for the state of another
  // size or optimiser.
  void restore(const State& state) { iteration_->restore(state); }

  Losses losses_of(const double* slots) const;
  size_t elements() const { return elements_; }
  size_t bytes() const { return bytes_; }
  int iteration() const { return iteration_->completed(); }

 private:
  Plan plan_;
  Pyramid pyramid_;
  double averaging_;
  size_t elements_;
  size_t bytes_ = 0;  // of the program
  std::unique_ptr<Program> program_;
  std::unique_ptr<Iteration> iteration_;  // after program_, which it uses to its end
};

}  // namespace scumble

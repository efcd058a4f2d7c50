// A session optimises one picture at one size: it owns the program (and with it all memory), the optimiser's
// state and what is the result so far.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "backend.h"
#include "objective.h"
#include "optimizer.h"

namespace scumble {

// Interleaved RGB, 0..255, not owned.
struct PictureView {
  const float* data = nullptr;
  int width = 0;
  int height = 0;
  size_t elements() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 3; }
};

struct StyleImage {
  PictureView picture;
  double blend = 1;  // the blends of a session are used as given: the caller makes them sum to 1
};

struct SessionOptions {
  Pooling pooling = Pooling::max;
  Rounding rounding = Rounding::floor;
  Objective objective;
  OptimizerOptions optimizer;
  double averaging =
      0;  // decay of the running mean of the points evaluated, [0, 1); 0: the best is the result
  int threads = 1;
};

struct MemoryEstimate {
  size_t network = 0;  // packed weights
  size_t session = 0;  // the largest arena, targets included
  size_t total() const { return network + session; }
};

// A picture on its way to the host.
class Result {
 public:
  Result(std::unique_ptr<Snapshot> sum, double weight) : sum_(std::move(sum)), weight_(weight) {}
  // Waits for it, and may be called once.
  std::vector<float> values();

 private:
  std::unique_ptr<Snapshot> sum_;
  double weight_;  // of all that was added up, 0 if nothing was
};

class Session {
 public:
  // Collects the targets (a forward pass per image) and starts at `start`, which has the content's size.
  Session(const Backend& backend, std::shared_ptr<const Network> network, const SessionOptions& options,
          const PictureView& content, const std::vector<StyleImage>& styles, const PictureView& start,
          const std::atomic<bool>& cancelled);

  // What a session would need. Images are looked at for their sizes only.
  static MemoryEstimate estimate(const Backend& backend, const Architecture& architecture,
                                 const SessionOptions& options, const PictureView& content,
                                 const std::vector<StyleImage>& styles);

  // What a network answers to a picture: per content term, the mean of each channel over all positions.
  static std::vector<std::vector<double>> channel_means(const Backend& backend,
                                                        const std::shared_ptr<const Network>& network,
                                                        const SessionOptions& options,
                                                        const PictureView& picture,
                                                        const std::atomic<bool>& cancelled);

  // `count` iterations: each evaluates the objective and its gradient at the current point, then moves the
  // picture. Returns the losses of the last point evaluated. Throws Diverged when a total is not finite: the
  // result so far stays.
  Losses step(const std::atomic<bool>& cancelled, int count = 1);

  // Evaluates without moving; for tests.
  Losses evaluate(const std::atomic<bool>& cancelled);
  void read_gradient(float* to) const { program_->read(plan_.gradient, to); }

  // The result so far: the mean of the points evaluated when averaging, else the one of the lowest total
  // loss. The next iterations need not wait until it has been read, and it outlives the session.
  Result result() const { return {program_->snapshot(result_), iteration_->mean_weight()}; }

  size_t elements() const { return elements_; }
  size_t bytes() const { return bytes_; }
  int iteration() const { return iteration_->completed(); }

 private:
  Losses losses_of(const std::vector<double>& slots) const;

  Plan plan_;
  size_t elements_;
  size_t bytes_ = 0;  // of the program
  size_t content_terms_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Iteration> iteration_;  // after program_, which it uses to its end
  BufferId result_ = kNoBuffer;           // the best point, or the mean times its weight
};

}  // namespace scumble

// The self-check's list of comparisons, and how each operation adds its own: the fast kernel's result on random
// numbers, over and over, against the exact kernel's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../host/stream.h"
#include "../ops/kernels.h"
#include "self_check.h"

namespace scumble::cuda {

// Both sides are given numbers that bfloat16 holds. What it makes of them may be off by its rounding, sums of
// float32 hardly.
constexpr double kRounded = 0x1p-8;
constexpr double kSummed = 1e-5;

class Comparisons {
 public:
  Comparisons(int device, bool thorough) : device_(device), runs_(thorough ? 10 : 1), stream_(device) {}

  // Compares result() after every queue() with `exact`; nothing where queue() says that no kernel takes it.
  void add(const std::string& kernel, bool portable, double tolerance, const std::vector<float>& exact,
           const std::function<bool()>& queue, const std::function<std::vector<float>()>& result);
  // Until what has been queued is done.
  void wait() const;

  int device() const { return device_; }
  const Stream& stream() const { return stream_; }
  const std::vector<Comparison>& found() const { return found_; }

 private:
  int device_;
  int runs_;
  Stream stream_;
  std::vector<Comparison> found_;
};

struct Size {
  int height;
  int width;
  int channels;
  int outputs;
};

// Queues the convolution, or says that it cannot.
using RunConvolution = std::function<bool(const Convolution&, Arithmetic, cudaStream_t)>;

void compare_convolution(Comparisons& to, const std::string& kernel, bool portable, const Size& size,
                         bool backward, const RunConvolution& run, Arithmetic precision);
void compare_first_two(Comparisons& to, const std::string& kernel, const Size& size);
void compare_gram(Comparisons& to, const std::string& kernel, bool portable, const Size& size);

}  // namespace scumble::cuda

#include "comparisons.h"

#include <cmath>

namespace scumble::cuda {
namespace {

double relative_error(const std::vector<float>& fast, const std::vector<float>& exact) {
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const double e = static_cast<double>(exact[i]);
    const double d = static_cast<double>(fast[i]) - e;
    error += d * d;
    norm += e * e;
  }
  return std::sqrt(error / norm);
}

}  // namespace

void Comparisons::add(const std::string& kernel, bool portable, double tolerance,
                      const std::vector<float>& exact, const std::function<bool()>& queue,
                      const std::function<std::vector<float>()>& result) {
  Comparison made{kernel, portable, 0, tolerance};
  std::vector<float> first;
  for (int i = 0; i < runs_; ++i) {
    const bool queued = queue();
    check(cudaGetLastError(), "checking the kernels");
    if (!queued) return;
    stream_.wait("checking the kernels");
    const std::vector<float> fast = result();
    if (i == 0) {
      first = fast;
      made.error = relative_error(fast, exact);
    } else if (fast != first) {
      made.error = INFINITY;
    }
  }
  found_.push_back(made);
}

void Comparisons::wait() const {
  check(cudaGetLastError(), "checking the kernels");
  stream_.wait("checking the kernels");
}

}  // namespace scumble::cuda

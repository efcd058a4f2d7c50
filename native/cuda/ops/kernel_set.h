// Which kernels run on a device: those made for its kind of card where there are any, or only those that run
// on every card. No CUDA types.
#pragma once

#include <optional>

namespace scumble::cuda {

enum class KernelSet { fast, portable };

// For the whole process, from the next plan that is compiled on; `fast` at the start.
void use_kernels(int device, KernelSet kernels);
KernelSet kernels_of(int device);

// The same for what this thread does while it lives, on any device; then the choice before holds again. For
// tests and checks.
class KernelsHere {
 public:
  explicit KernelsHere(KernelSet kernels);
  ~KernelsHere();
  KernelsHere(const KernelsHere&) = delete;
  KernelsHere& operator=(const KernelsHere&) = delete;

 private:
  std::optional<KernelSet> before_;
};

}  // namespace scumble::cuda

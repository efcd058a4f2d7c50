// A picture that the device copies in between two iterations.
#pragma once

#include <vector>

#include "../../cpp/core/backend.h"
#include "pinned_memory.h"
#include "stream.h"

namespace scumble::cuda {

class CudaSnapshot final : public Snapshot {
 public:
  CudaSnapshot(const float* from, size_t elements, int device, const Stream& stream);
  ~CudaSnapshot() override;

  std::vector<float> values() override;

 private:
  size_t elements_;
  PinnedMemory memory_;
  Event copied_;
};

}  // namespace scumble::cuda

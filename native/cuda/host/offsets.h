// Cuts one block of device memory into parts, one after the other, before it is allocated.
#pragma once

#include <cstddef>

namespace scumble::cuda {

class Offsets {
 public:
  // Where the next part begins.
  size_t take(size_t bytes) {
    const size_t at = bytes_;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kAlignment = 256;  // enough for any vector load
  size_t bytes_ = 0;
};

}  // namespace scumble::cuda

// Values between the host and the device, when nothing that is on its way touches them. They pass by the
// streams of programs, which none of these waits for.
#pragma once

#include <vector>

#include "errors.h"

namespace scumble::cuda {

template <typename T>
std::vector<T> from_device(const T* from, size_t n) {
  std::vector<T> values(n);
  check(cudaMemcpy(values.data(), from, n * sizeof(T), cudaMemcpyDeviceToHost), "reading device memory");
  return values;
}

// The runtime may return while the last bytes are still on their way.
inline void to_device(void* to, const void* from, size_t bytes) {
  check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "writing device memory");
  check(cudaStreamSynchronize(nullptr), "writing device memory");
}

template <typename T>
void to_device(T* to, const std::vector<T>& values) {
  to_device(to, values.data(), values.size() * sizeof(T));
}

}  // namespace scumble::cuda

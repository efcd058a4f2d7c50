// Memory of a device, for tests: an array of exactly as many bytes as are asked for, filled with what a
// kernel must not read or must overwrite, and tensors as the CUDA kernels lay them out.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../../cuda/kernels.h"
#include "../reference.h"

namespace device {

using scumble::cuda::Precision;

inline void must(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

template <typename T>
class Array {
 public:
  // Every byte is 0xff: NaN as a float or bfloat16.
  explicit Array(size_t n) : n_(n) {
    void* at = nullptr;
    must(cudaMalloc(&at, n * sizeof(T)));
    at_ = static_cast<T*>(at);
    set(std::vector<unsigned char>(n * sizeof(T), 0xff).data());
  }
  explicit Array(const std::vector<T>& values) : Array(values.size()) { set(values.data()); }
  Array(Array&& other) noexcept : at_(std::exchange(other.at_, nullptr)), n_(other.n_) {}
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  Array& operator=(Array&&) = delete;
  ~Array() { static_cast<void>(cudaFree(at_)); }

  T* get() const { return at_; }
  size_t size() const { return n_; }
  void set(const std::vector<T>& values) const { set(values.data()); }
  std::vector<T> values() const {
    std::vector<T> found(n_);
    must(cudaDeviceSynchronize());
    must(cudaMemcpy(found.data(), at_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    must(cudaGetLastError());
    return found;
  }

 private:
  void set(const void* from) const { must(cudaMemcpy(at_, from, n_ * sizeof(T), cudaMemcpyHostToDevice)); }

  T* at_ = nullptr;
  size_t n_;
};

// The nearest value that elements of this precision have; ties to even.
inline double rounded(double value, Precision precision) {
  if (precision != Precision::bf16) return static_cast<double>(static_cast<float>(value));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

inline reference::Tensor rounded(reference::Tensor t, Precision precision) {
  for (double& v : t.values) v = rounded(v, precision);
  return t;
}

// A tensor on the device. Its values are rounded on the way there.
class Tensor {
 public:
  Tensor(int channels, int height, int width, Precision precision)
      : shape_(channels, height, width),
        precision_(precision),
        memory_(static_cast<size_t>(height) * static_cast<size_t>(width) * pixel() * element()) {}
  Tensor(const reference::Tensor& t, Precision precision) : Tensor(t.channels, t.height, t.width, precision) {
    std::vector<unsigned char> bytes(memory_.size());
    for (size_t i = 0; i < t.values.size(); ++i) {
      const float value = static_cast<float>(rounded(t.values[i], precision));
      unsigned char word[4];
      std::memcpy(word, &value, sizeof value);
      std::memcpy(&bytes[place(i)], word + 4 - element(), element());  // bfloat16: the upper half
    }
    memory_.set(bytes);
  }

  scumble::cuda::Tensor view() const { return {memory_.get(), shape_.channels, shape_.height, shape_.width}; }
  const void* get() const { return memory_.get(); }
  std::vector<unsigned char> bytes() const { return memory_.values(); }

  std::vector<double> values() const {
    const std::vector<unsigned char> bytes = memory_.values();
    std::vector<double> found(shape_.values.size());
    for (size_t i = 0; i < found.size(); ++i) found[i] = value(bytes, place(i));
    return found;
  }

  bool padding_is_zero() const {
    const std::vector<unsigned char> bytes = memory_.values();
    for (size_t begin = 0; begin < bytes.size(); begin += pixel() * element()) {
      for (size_t c = static_cast<size_t>(shape_.channels); c < pixel(); ++c) {
        if (value(bytes, begin + c * element()) != 0) return false;
      }
    }
    return true;
  }

 private:
  size_t pixel() const { return static_cast<size_t>(scumble::cuda::padded(shape_.channels)); }
  size_t element() const { return scumble::cuda::element_bytes(precision_); }
  size_t place(size_t i) const {
    const size_t c = static_cast<size_t>(shape_.channels);
    return (i / c * pixel() + i % c) * element();
  }
  double value(const std::vector<unsigned char>& bytes, size_t at) const {
    unsigned char word[4] = {};
    std::memcpy(word + 4 - element(), &bytes[at], element());
    float found;
    std::memcpy(&found, word, sizeof found);
    return static_cast<double>(found);
  }

  reference::Tensor shape_;
  Precision precision_;
  Array<unsigned char> memory_;
};

}  // namespace device

// What the CUDA tests share: arrays on the device of exactly their size, and every test in several orders.
// The same sources run on the stand-in (SCUMBLE_STAND_IN is defined) and on a GPU.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifdef SCUMBLE_STAND_IN
#include "stand_in/control.h"
#endif

namespace device {

inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorName(error));
}

// Waits for all that was queued, and throws what went wrong.
inline void wait() {
  check(cudaGetLastError());
  check(cudaDeviceSynchronize());
}

// What nobody has written yet is the stand-in's poison, or NaN.
template <typename T>
class Array {
 public:
  explicit Array(size_t n) : size_(n) {
    check(cudaMalloc(reinterpret_cast<void**>(&at_), n * sizeof(T)));
#ifndef SCUMBLE_STAND_IN
    check(cudaMemset(at_, 0xff, n * sizeof(T)));
#endif
  }
  explicit Array(const std::vector<T>& values) : Array(values.size()) { set(values); }
  Array(Array&& other) noexcept : size_(other.size_), at_(std::exchange(other.at_, nullptr)) {}
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  Array& operator=(Array&&) = delete;
  ~Array() { cudaFree(at_); }

  T* get() const { return at_; }
  size_t size() const { return size_; }
  void set(const std::vector<T>& values) const {
    check(cudaMemcpy(at_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  }
  // Waits for all that was queued.
  std::vector<T> values() const {
    std::vector<T> values(size_);
    wait();
    check(cudaMemcpy(values.data(), at_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  size_t size_;
  T* at_ = nullptr;
};

// Calls test() once for each of several orders of blocks, warps and threads, and poisons; on a GPU, which
// chooses for itself, once. `orders` at most: 1 for what takes long.
template <typename Test>
void in_every_order(const Test& test, int orders = 4) {
#ifdef SCUMBLE_STAND_IN
  for (int order = 0; order < orders; ++order) {
    stand_in::seed(static_cast<uint64_t>(order));
    test();
  }
  stand_in::seed(0);
#else
  static_cast<void>(orders);
  test();
#endif
}

// So many, because the choice of a kernel's tile and of its sums' splits depends on it; on a GPU, as many as it has.
inline void multiprocessors(int count) {
#ifdef SCUMBLE_STAND_IN
  stand_in::Machine machine;
  machine.multiprocessors = count;
  stand_in::machine(machine);
#else
  static_cast<void>(count);
#endif
}

}  // namespace device

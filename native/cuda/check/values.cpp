#include "values.h"

#include <algorithm>

#include "../../cpp/core/half.h"

namespace scumble::cuda {

std::vector<float> Numbers::some(size_t n) {
  std::vector<float> values(n);
  for (float& v : values) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    v = bfloat16_to_float(float_to_bfloat16(static_cast<float>(state_ >> 40) * 0x1p-23f - 1));
  }
  return values;
}

void send(const DeviceMemory& to, const void* from, size_t bytes) {
  check(cudaMemcpy(to.at(), from, bytes, cudaMemcpyHostToDevice), "checking the kernels");
}

Values::Values(int device, const std::vector<float>& values, Arithmetic precision)
    : precision_(precision), size_(values.size()), memory_(device, size_ * element_bytes(precision)) {
  set(values);
}

void Values::set(const std::vector<float>& values) {
  if (precision_ != Arithmetic::bf16) return send(memory_, values.data(), size_ * sizeof(float));
  std::vector<uint16_t> halves(size_);
  std::transform(values.begin(), values.end(), halves.begin(), float_to_bfloat16);
  send(memory_, halves.data(), size_ * sizeof(uint16_t));
}

std::vector<float> Values::get() const {
  std::vector<char> bytes(size_ * element_bytes(precision_));
  check(cudaMemcpy(bytes.data(), memory_.at(), bytes.size(), cudaMemcpyDeviceToHost), "checking the kernels");
  std::vector<float> values(size_);
  if (precision_ != Arithmetic::bf16) {
    std::copy_n(reinterpret_cast<const float*>(bytes.data()), size_, values.begin());
  } else {
    const auto* const halves = reinterpret_cast<const uint16_t*>(bytes.data());
    std::transform(halves, halves + size_, values.begin(), bfloat16_to_float);
  }
  return values;
}

}  // namespace scumble::cuda

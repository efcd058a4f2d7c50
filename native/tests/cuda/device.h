// Tensors as the CUDA kernels lay them out, for tests.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "../../cuda/ops/kernels.h"
#include "../reference.h"
#include "../support.h"
#include "orders.h"

namespace device {

using scumble::cuda::Arithmetic;

const std::vector<Arithmetic> kPrecisions = {Arithmetic::float32, Arithmetic::tf32, Arithmetic::bf16};

// The nearest value that elements of this precision have; ties to even.
inline double rounded(double value, Arithmetic precision) {
  if (precision != Arithmetic::bf16) return static_cast<double>(static_cast<float>(value));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

// As the operand of a product: TF32 has 10 bits of mantissa after the point, and rounds a tie away from zero.
inline double as_operand(double value, Arithmetic precision) {
  if (precision != Arithmetic::tf32) return rounded(value, precision);
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::round(std::ldexp(fraction, 11)), exponent - 11);
}

inline reference::Tensor rounded(reference::Tensor t, Arithmetic precision) {
  for (double& v : t.values) v = rounded(v, precision);
  return t;
}

// Random, and such as an operand of a product can be.
inline reference::Tensor random_operand(support::Random& numbers, int channels, int height, int width,
                                        Arithmetic precision, double low = -1) {
  reference::Tensor t = support::random_tensor(numbers, channels, height, width, low, 1);
  for (double& v : t.values) v = as_operand(v, precision);
  return t;
}

// Where a run stands before its first iteration.
inline scumble::cuda::Progress fresh() {
  scumble::cuda::Progress progress{};
  progress.best_total = INFINITY;
  return progress;
}

// A tensor on the device. Its values are rounded on the way there.
class Tensor {
 public:
  Tensor(int channels, int height, int width, Arithmetic precision)
      : shape_(channels, height, width),
        precision_(precision),
        memory_(static_cast<size_t>(height) * static_cast<size_t>(width) * pixel() * element()) {}
  Tensor(const reference::Tensor& t, Arithmetic precision)
      : Tensor(t.channels, t.height, t.width, precision) {
    std::vector<unsigned char> bytes(memory_.size());
    for (size_t i = 0; i < t.values.size(); ++i) {
      const float value = static_cast<float>(rounded(t.values[i], precision));
      unsigned char word[4];
      std::memcpy(word, &value, sizeof value);
      std::memcpy(&bytes[offset_of(i)], word + 4 - element(), element());  // bfloat16: the upper half
    }
    memory_.set(bytes);
  }

  scumble::cuda::Tensor view() const { return {memory_.get(), shape_.channels, shape_.height, shape_.width}; }
  const void* get() const { return memory_.get(); }
  std::vector<unsigned char> bytes() const { return memory_.values(); }

  std::vector<double> values() const {
    const std::vector<unsigned char> bytes = memory_.values();
    std::vector<double> found(shape_.values.size());
    for (size_t i = 0; i < found.size(); ++i) found[i] = value(bytes, offset_of(i));
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
  size_t offset_of(size_t i) const {
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
  Arithmetic precision_;
  Array<unsigned char> memory_;
};

}  // namespace device

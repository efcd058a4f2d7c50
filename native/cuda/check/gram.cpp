#include "comparisons.h"
#include "values.h"

namespace scumble::cuda {

void compare_gram(Comparisons& to, const std::string& kernel, bool portable, const Size& size) {
  const int device = to.device();
  const Stream& stream = to.stream();
  Numbers numbers;
  const std::vector<float> values =
      numbers.some(static_cast<size_t>(size.height) * static_cast<size_t>(size.width) *
                   static_cast<size_t>(size.channels));
  const size_t elements = static_cast<size_t>(size.channels) * static_cast<size_t>(size.channels);
  const auto make = [&](const Values& features, const DeviceMemory& out, Arithmetic precision) {
    const DeviceMemory sums(device, gram_sums_bytes(size.channels, size.height, size.width, precision));
    const Tensor from{features.at(), size.channels, size.height, size.width};
    gram_sums(from, {0, size.height}, false, sums.at(), precision, stream);
    gram(sums.at(), from, 1 / static_cast<double>(values.size()), reinterpret_cast<float*>(out.at()),
         precision, stream);
    to.wait();
  };
  const auto result = [&](const DeviceMemory& out) {
    std::vector<float> matrix(elements);
    check(cudaMemcpy(matrix.data(), out.at(), elements * sizeof(float), cudaMemcpyDeviceToHost),
          "checking the kernels");
    return matrix;
  };
  const DeviceMemory out(device, elements * sizeof(float));
  make({device, values, Arithmetic::float32}, out, Arithmetic::float32);
  const std::vector<float> exact = result(out);
  const Values features(device, values, Arithmetic::bf16);
  to.add(
      kernel, portable, kSummed, exact,
      [&] {
        make(features, out, Arithmetic::bf16);
        return true;
      },
      [&] { return result(out); });
}

}  // namespace scumble::cuda

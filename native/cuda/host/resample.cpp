#include "resample.h"

#include "../ops/kernels.h"
#include "copies.h"
#include "device_memory.h"
#include "offsets.h"
#include "stream.h"

namespace scumble::cuda {

std::vector<float> resample_on(int device, const float* from, int width, int height, int channels,
                               int to_width, int to_height, const Resampling& how) {
  const auto elements = [channels](int w, int h) {
    return static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(channels);
  };
  std::vector<float> values(elements(to_width, to_height));
  const size_t in_bytes = elements(width, height) * sizeof(float);
  const size_t out_bytes = values.size() * sizeof(float);
  Offsets offsets;
  const size_t in = offsets.take(in_bytes);
  const size_t out = offsets.take(out_bytes);
  const size_t scratch = offsets.take(resample_scratch_bytes(width, height, channels, to_width, to_height));
  const DeviceMemory memory(device, offsets.bytes());
  const Stream stream(device);
  const auto floats = [&](size_t offset) { return reinterpret_cast<float*>(memory.at(offset)); };
  to_device(memory.at(in), from, in_bytes);
  resample(floats(in), width, height, channels, to_width, to_height, how, floats(out), memory.at(scratch),
           stream);
  check(cudaGetLastError(), "resampling");
  stream.wait("resampling");
  check(cudaMemcpy(values.data(), memory.at(out), out_bytes, cudaMemcpyDeviceToHost), "resampling");
  return values;
}

}  // namespace scumble::cuda

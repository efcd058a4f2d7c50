#include "tensor_map.h"

#include <atomic>
#include <cstdint>

namespace scumble::cuda {
namespace {

using Encode = decltype(&cuTensorMapEncodeTiled);

// The driver's function, or null where it has none.
Encode encode_function() {
  static std::atomic<Encode> known{nullptr};
  if (known != nullptr) return known;
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result{};
#if CUDART_VERSION >= 12050
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result);
#else
  const cudaError_t error =
      cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &found, cudaEnableDefault, &result);
#endif
  if (error == cudaSuccess && result == cudaDriverEntryPointSuccess) known = reinterpret_cast<Encode>(found);
  return known;
}

}  // namespace

bool encode_tensor(CUtensorMap& map, const void* at, int channels, int width, int height, int columns,
                   int rows) {
  const Encode encode = encode_function();
  if (encode == nullptr) return false;
  const cuuint64_t sizes[] = {static_cast<cuuint64_t>(channels), static_cast<cuuint64_t>(width),
                              static_cast<cuuint64_t>(height)};
  const cuuint64_t strides[] = {sizes[0] * 2, sizes[0] * sizes[1] * 2};
  const cuuint32_t box[] = {64, static_cast<cuuint32_t>(columns), static_cast<cuuint32_t>(rows)};
  const cuuint32_t element_strides[] = {1, 1, 1};
  return encode(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 3, const_cast<void*>(at), sizes, strides, box,
                element_strides, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

}  // namespace scumble::cuda

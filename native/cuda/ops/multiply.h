// Products of dense matrices, which are products of one tap: rows are pixels. For that a matrix lies with zeros around
// it, its columns made up to whole vectors and its rows to whole rows of 16 pixels; so it may be either factor.
#pragma once

#include "kernels.h"

namespace scumble::cuda {

constexpr int kPixelsOfRow = 16;

struct Packed {
  float* at;
  int rows;
  int columns;
  __host__ __device__ constexpr size_t pitch() const { return static_cast<size_t>(padded(columns)); }
  __host__ __device__ constexpr int padded_rows() const {
    return (rows + kPixelsOfRow - 1) / kPixelsOfRow * kPixelsOfRow;
  }
  __host__ __device__ constexpr size_t elements() const {
    return static_cast<size_t>(padded_rows()) * pitch();
  }
};

// to = scale * a dense matrix, which is transposed if it lies as columns x rows.
void pack(const float* from, bool transposed, double scale, const Packed& to, cudaStream_t stream);
// out = the matrix, dense, + out if `accumulate`.
void unpack(const Packed& from, float* out, bool accumulate, cudaStream_t stream);
// out = in * other, + out if `accumulate`; out is neither.
void multiply(const Packed& in, const Packed& other, const Packed& out, cudaStream_t stream,
              bool accumulate = false);

}  // namespace scumble::cuda

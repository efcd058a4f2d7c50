// Products of dense matrices in float32, whatever the precision of features is: they are of statistics. Both factors
// are copied with zeros around them first, which reads and writes them once, and the product is copied to where it
// belongs; with a few hundred rows and columns the product itself takes most of the time.
#include "../host/operation.h"
#include "multiply.h"
#include "product_simt.h"

namespace scumble::cuda {
namespace {

__global__ void pack_matrix(const float* from, bool transposed, float scale, Packed to) {
  const size_t rows = static_cast<size_t>(to.rows);
  const size_t columns = static_cast<size_t>(to.columns);
  for (size_t i = thread(); i < to.elements(); i += threads()) {
    const size_t row = i / to.pitch();
    const size_t column = i % to.pitch();
    float value = 0;
    if (row < rows && column < columns)
      value = scale * from[transposed ? column * rows + row : row * columns + column];
    to.at[i] = value;
  }
}

__global__ void unpack_matrix(Packed from, float* out, bool accumulate) {
  const size_t columns = static_cast<size_t>(from.columns);
  const size_t elements = static_cast<size_t>(from.rows) * columns;
  for (size_t i = thread(); i < elements; i += threads()) {
    const float value = from.at[i / columns * from.pitch() + i % columns];
    out[i] = accumulate ? out[i] + value : value;
  }
}

}  // namespace

void pack(const float* from, bool transposed, double scale, const Packed& to, cudaStream_t stream) {
  launch(pack_matrix, dim3(blocks_for(to.elements())), dim3(kThreads), 0, stream, from, transposed,
         static_cast<float>(scale), to);
}

void unpack(const Packed& from, float* out, bool accumulate, cudaStream_t stream) {
  launch(unpack_matrix, dim3(blocks_for(from.elements())), dim3(kThreads), 0, stream, from, out, accumulate);
}

void multiply(const Packed& in, const Packed& other, const Packed& out, cudaStream_t stream,
              bool accumulate) {
  const Product p{in.at,
                  other.at,
                  out.at,
                  nullptr,
                  nullptr,
                  padded(in.columns),
                  padded(other.columns),
                  in.padded_rows() / kPixelsOfRow,
                  kPixelsOfRow,
                  false,
                  accumulate};
  launch_product_simt<1>(p, stream);
}

namespace {

struct Matrices {
  Packed in;
  Packed other;
  Packed out;

  Matrices(const Plan& plan, const Step& step, float* at) {
    const Shape& shape = plan.buffer(step.in).shape;
    const Shape& product = plan.buffer(step.out).shape;
    const int inner = step.transpose_in ? shape.height : shape.channels;
    in = {at, product.height, inner};
    other = {in.at + in.elements(), inner, product.channels};
    out = {other.at + other.elements(), product.height, product.channels};
  }
  size_t bytes() const { return (in.elements() + other.elements() + out.elements()) * sizeof(float); }
};

// All of a symmetric product is made: half would be as many blocks of threads in flight.
void queue(const Workspace& w, const Step& step) {
  const Matrices m(w.plan(), step, static_cast<float*>(w.scratch()));
  pack(w.floats(step.in), step.transpose_in, step.scale, m.in, w.stream());
  pack(w.floats(step.other), step.transpose_other, 1, m.other, w.stream());
  multiply(m.in, m.other, m.out, w.stream());
  unpack(m.out, w.floats(step.out), step.accumulate, w.stream());
}

size_t scratch(const Plan& plan, const Step& step, Arithmetic) {
  return Matrices(plan, step, nullptr).bytes();
}

const RegisterOperation kMultiply("multiply", {queue, nullptr, scratch});

}  // namespace
}  // namespace scumble::cuda

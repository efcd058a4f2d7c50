// Dense layers of a classifier, and their gradient: products of the matrix of what a window sees at every position (a
// row each) with the layer's weights.
#include "../kernels/dense.h"

#include <cstring>

#include "../classifier.h"
#include "../multiply.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

// A layer, and its matrices in the step's scratch: what windows see, and the outputs.
struct Layer {
  const Dense& shape;
  const ConvolutionWeights& weights;
  int positions;
  float* seen;
  float* made;

  Layer(const Workspace& w, const Step& step, BufferId outputs)
      : shape(w.network(step).architecture().dense[static_cast<size_t>(step.dense)]),
        weights(static_cast<const CpuClassifier&>(w.network(step).classifier()).layer(step.dense)),
        positions(static_cast<int>(w.shape(outputs).positions())),
        seen(w.floats(step.scratch)),
        made(seen + static_cast<size_t>(positions) * static_cast<size_t>(shape.terms())) {}
};

double dense(const Workspace& w, const Step& step) {
  const Layer layer(w, step, step.out);
  const Tensor in = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const int window = layer.shape.window;
  const size_t row = static_cast<size_t>(window) * static_cast<size_t>(in.channels);
  w.each(static_cast<size_t>(layer.positions), [&](size_t position) {
    const int y = static_cast<int>(position) / out.width;
    const int x = static_cast<int>(position) % out.width;
    float* to = layer.seen + position * static_cast<size_t>(layer.shape.terms());
    for (int v = 0; v < window; ++v, to += row) std::memcpy(to, in.pixel(y + v, x), row * sizeof(float));
  });
  Multiplication m;
  m.in = layer.seen;
  m.other = layer.weights.weight.data();
  m.transpose_other = true;
  m.out = layer.made;
  m.rows = layer.positions;
  m.columns = layer.shape.outputs;
  m.inner = layer.shape.terms();
  cpu::multiply(w, m);
  w.each_rows(out.height, elements_of(out), [&](int y0, int y1) {
    kernels::dense_finish(w.isa())(layer.made, layer.weights.bias.data(), step.relu, out, y0, y1);
  });
  return 0;
}

double dense_back(const Workspace& w, const Step& step) {
  const Layer layer(w, step, step.in);
  const Tensor gradient = w.tensor(step.in);
  const Tensor out = w.tensor(step.out);
  const size_t row = static_cast<size_t>(gradient.width) * static_cast<size_t>(gradient.channels);
  for (int y = 0; y < gradient.height; ++y)
    std::memcpy(layer.made + static_cast<size_t>(y) * row, gradient.pixel(y, 0), row * sizeof(float));
  Multiplication m;
  m.in = layer.made;
  m.other = layer.weights.weight.data();
  m.out = layer.seen;
  m.rows = layer.positions;
  m.columns = layer.shape.terms();
  m.inner = layer.shape.outputs;
  cpu::multiply(w, m);
  w.each_rows(out.height, elements_of(out), [&](int y0, int y1) {
    kernels::dense_gather(w.isa())(layer.seen, layer.shape.window, gradient.height, gradient.width, out,
                                   w.origin(step.mask), step.accumulate, y0, y1);
  });
  return 0;
}

size_t working(const Isa&, const Shape& matrices) {
  return matrices.elements() * sizeof(float);
}

// Both matrices' columns are the scratch's channels, so each is narrower.
size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const Shape& matrices = plan.buffer(step.scratch).shape;
  return multiply_scratch(machine, matrices.height, matrices.channels);
}

const RegisterOperation kDense("dense", {dense, scratch, working});
const RegisterOperation kDenseBack("dense_back", {dense_back, scratch, nullptr});

}  // namespace
}  // namespace scumble::cpu

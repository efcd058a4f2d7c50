// Rows in direction only, away from their mean; how near they are to others, and which way is nearer.
#include "../kernels/rows.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr size_t kChannels = 16;  // of a task: a cache line of every row

std::vector<float> means_of(const Workspace& w, const float* rows, const Shape& shape) {
  const size_t c = static_cast<size_t>(shape.channels);
  std::vector<float> means(c);
  w.each((c + kChannels - 1) / kChannels, [&](size_t task) {
    const size_t c0 = task * kChannels;
    kernels::row_means(w.isa())(rows, shape.height, shape.channels, static_cast<int>(c0),
                                static_cast<int>(std::min(c, c0 + kChannels)), means.data());
  });
  return means;
}

double units(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const ptrdiff_t c = shape.channels;
  const float* in = w.floats(step.in);
  float* out = w.floats(step.out);
  float* inverses = w.floats(step.scratch);
  const std::vector<float> means = means_of(w, in, shape);
  w.each_rows(shape.height, static_cast<size_t>(c), [&](int begin, int end) {
    for (int i = begin; i < end; ++i)
      inverses[i] = kernels::unit_row(w.isa())(in + i * c, means.data(), shape.channels, out + i * c);
  });
  return 0;
}

double cosine(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const ptrdiff_t c = shape.channels;
  const ptrdiff_t block = w.isa().block;
  const float* in = w.floats(step.in);
  const float* inverses = w.floats(step.scratch);
  const float* panels = w.floats(step.other);
  const float* matches = w.floats(step.statistic);
  float* out = w.floats(step.out);
  const double loss = w.sum_rows(shape.height, static_cast<size_t>(c), [&](int begin, int end) {
    double sum = 0;
    for (ptrdiff_t i = begin; i < end; ++i) {
      const ptrdiff_t match = static_cast<ptrdiff_t>(matches[2 * i]);
      const float scale = static_cast<float>(step.scale) * inverses[i];
      sum += 1 - kernels::cosine_row(w.isa())(in + i * c, panels + match / block * block * c + match % block,
                                              w.isa().block, shape.channels, scale, out + i * c);
    }
    return sum;
  });
  const std::vector<float> means = means_of(w, out, shape);
  w.each_rows(shape.height, static_cast<size_t>(c), [&](int begin, int end) {
    for (int i = begin; i < end; ++i) kernels::centre_row(w.isa())(out + i * c, means.data(), shape.channels);
  });
  return step.loss_scale * loss;
}

const RegisterOperation kUnits("units", {units});
const RegisterOperation kCosine("cosine", {cosine});

}  // namespace
}  // namespace scumble::cpu

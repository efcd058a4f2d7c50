// Samples of features at positions, as columns of a matrix, and their gradient.
#include "../kernels/sample.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr int kSamples = 16;  // of a task
constexpr int kTasks = 64;    // that a gradient is cut into at most: each looks at all positions

Grid grid_of(const Workspace& w, BufferId id) {
  const Shape& s = w.shape(id);
  if (w.kind(id) != BufferKind::tensor)
    return {w.floats(id), static_cast<ptrdiff_t>(s.width) * s.channels, s.channels, s.height, s.width, false};
  const Tensor t = w.tensor(id);
  return {t.at, t.row(), t.channels, t.height, t.width, true};
}

double sample(const Workspace& w, const Step& step) {
  const Grid from = grid_of(w, step.in);
  const Shape& samples = w.shape(step.out);
  const size_t tasks = static_cast<size_t>((samples.height + kSamples - 1) / kSamples);
  w.each(tasks, [&](size_t task) {
    const int begin = static_cast<int>(task) * kSamples;
    kernels::sample(w.isa())(from, w.floats(step.other) + 2 * static_cast<ptrdiff_t>(step.first_row), begin,
                             std::min(samples.height, begin + kSamples), static_cast<float>(step.scale),
                             w.floats(step.out) + step.first_channel, samples.channels);
  });
  return 0;
}

double sample_back(const Workspace& w, const Step& step) {
  const Grid to = grid_of(w, step.out);
  const Shape& samples = w.shape(step.in);
  const int tasks = std::min(kTasks, to.height);
  w.each(static_cast<size_t>(tasks), [&](size_t task) {
    const auto row = [&](int t) { return static_cast<int>(static_cast<int64_t>(to.height) * t / tasks); };
    const int t = static_cast<int>(task);
    kernels::sample_back(w.isa())(w.floats(step.in) + step.first_channel, samples.channels,
                                  w.floats(step.other), samples.height, static_cast<float>(step.scale), to,
                                  w.origin(step.mask), step.accumulate, row(t), row(t + 1));
  });
  return 0;
}

const RegisterOperation kSample("sample", {sample});
const RegisterOperation kSampleBack("sample_back", {sample_back});

}  // namespace
}  // namespace scumble::cpu

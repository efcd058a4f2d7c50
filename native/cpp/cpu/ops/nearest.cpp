// Which of many rows is nearest to each of others. The matrix of all their products is never there as a whole: a
// task keeps the best of a group of them for some rows.
#include "../kernels/nearest.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr size_t kMostRows = 252;  // of a task: so many that a block of columns, once near, is used often
constexpr size_t kTile = 42;       // whole register tiles of 6 or 14 rows
constexpr size_t kColumns = 512;   // of a task

// Rows of one task out of n, so that the last one has little less.
size_t rows_of(size_t n) {
  const size_t chunks = (n + kMostRows - 1) / kMostRows;
  const size_t rows = (n + chunks - 1) / chunks;
  return (rows + kTile - 1) / kTile * kTile;
}

double panels(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t n = static_cast<size_t>(shape.height);
  const size_t block = static_cast<size_t>(w.isa().block);
  const float* in = w.floats(step.in);
  float* out = w.floats(step.out);
  w.each(blocks_of(shape.height, w.isa().block), [&](size_t b) {
    float* to = out + b * block * c;
    for (size_t k = 0; k < c; ++k) {
      for (size_t j = 0; j < block; ++j) {
        const size_t row = b * block + j;
        to[k * block + j] = row < n ? in[row * c + k] : 0;
      }
    }
  });
  return 0;
}

double nearest(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t n = static_cast<size_t>(shape.height);
  const size_t columns = static_cast<size_t>(w.shape(step.other).height);
  const size_t rows = rows_of(n);
  const size_t chunks = (n + rows - 1) / rows;
  const size_t groups = (columns + kColumns - 1) / kColumns;
  std::vector<float> index(groups * n);
  std::vector<float> value(groups * n);
  // Neighbouring tasks share a group of columns.
  w.each_with_scratch(static_cast<int>(chunks * groups), [&](int task, float* scratch) {
    const size_t group = static_cast<size_t>(task) / chunks;
    const size_t begin = static_cast<size_t>(task) % chunks * rows;
    const size_t count = std::min(rows, n - begin);
    const size_t column = group * kColumns;
    kernels::nearest(w.isa())(w.floats(step.in) + begin * c, static_cast<int>(count), shape.channels,
                              w.floats(step.other), w.floats(step.statistic), static_cast<int>(columns),
                              static_cast<int>(column),
                              static_cast<int>(std::min(columns, column + kColumns)),
                              &index[group * n + begin], &value[group * n + begin], scratch);
  });
  float* out = w.floats(step.out);
  for (size_t i = 0; i < n; ++i) {
    size_t best = i;
    for (size_t at = i + n; at < value.size(); at += n) {
      if (value[at] > value[best]) best = at;
    }
    out[2 * i] = index[best];
    out[2 * i + 1] = value[best];
  }
  return 0;
}

double occurrences(const Workspace& w, const Step& step) {
  const size_t n = static_cast<size_t>(w.shape(step.in).height);
  const size_t columns = static_cast<size_t>(w.shape(step.out).height);
  const float* in = w.floats(step.in);
  float* out = w.floats(step.out);
  std::fill(out, out + columns, 0.0f);
  for (size_t i = 0; i < n; ++i) out[static_cast<size_t>(in[2 * i])] += 1;
  for (size_t j = 0; j < columns; ++j) out[j] *= static_cast<float>(step.scale);
  return 0;
}

size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const size_t n = static_cast<size_t>(plan.buffer(step.in).shape.height);
  return kernels::nearest_scratch(machine.isa)(static_cast<int>(rows_of(n)));
}

size_t panel_bytes(const Isa& isa, const Shape& rows) {
  return blocks_of(rows.height, isa.block) * static_cast<size_t>(isa.block) *
         static_cast<size_t>(rows.channels) * sizeof(float);
}

const RegisterOperation kPanels("panels", {panels, nullptr, panel_bytes});
const RegisterOperation kNearest("nearest", {nearest, scratch});
const RegisterOperation kOccurrences("occurrences", {occurrences});

}  // namespace
}  // namespace scumble::cpu

// Self-similarity of samples, beside that of one of several sets of the target's.
#include "../kernels/self_similarity.h"

#include "../../core/positions.h"
#include "../operation.h"

namespace scumble::cpu {
namespace {

// Of `all` rows, the first one of the set that this evaluation takes.
size_t first_row(const Workspace& w, const Step& step, BufferId all, size_t rows) {
  const size_t sets = static_cast<size_t>(w.shape(all).height) / rows;
  return static_cast<size_t>(lot(step.seed, w.evaluation()) % sets) * rows;
}

double choose(const Workspace& w, const Step& step) {
  const Shape& set = w.shape(step.out);
  const size_t row = static_cast<size_t>(set.channels);
  const size_t first = first_row(w, step, step.in, static_cast<size_t>(set.height));
  std::copy_n(w.floats(step.in) + first * row, set.elements(), w.floats(step.out));
  return 0;
}

// Calls body(begin, end) for blocks of columns.
template <typename Body>
void each_columns(const Workspace& w, int columns, const Body& body) {
  w.each(static_cast<size_t>((columns + kShareColumns - 1) / kShareColumns), [&](size_t task) {
    const int begin = static_cast<int>(task) * kShareColumns;
    body(begin, std::min(columns, begin + kShareColumns));
  });
}

double distance_shares(const Workspace& w, const Step& step) {
  const int n = w.shape(step.in).height;
  float* out = w.floats(step.out) + static_cast<size_t>(step.first_row) * static_cast<size_t>(n);
  each_columns(w, n, [&](int begin, int end) {
    kernels::distance_shares(w.isa())(w.floats(step.in), n, begin, end, out);
  });
  return 0;
}

double self_similarity(const Workspace& w, const Step& step) {
  const int n = w.shape(step.in).height;
  const size_t rows = static_cast<size_t>(n);
  const float* target = w.floats(step.other) + first_row(w, step, step.other, rows) * rows;
  float* slopes = w.floats(step.scratch);
  std::vector<double> shares((rows + kShareColumns - 1) / kShareColumns);
  each_columns(w, n, [&](int begin, int end) {
    shares[static_cast<size_t>(begin / kShareColumns)] = kernels::self_similarity(w.isa())(
        w.floats(step.in), target, n, begin, end, static_cast<float>(step.scale), slopes);
  });
  w.each_rows(n, rows, [&](int begin, int end) {
    kernels::symmetric(w.isa())(slopes, n, begin, end, w.floats(step.out));
  });
  double total = 0;
  for (const double share : shares) total += share;
  return step.loss_scale * total;
}

const RegisterOperation kChoose("choose", {choose});
const RegisterOperation kDistanceShares("distance_shares", {distance_shares});
const RegisterOperation kSelfSimilarity("self_similarity", {self_similarity});

}  // namespace
}  // namespace scumble::cpu

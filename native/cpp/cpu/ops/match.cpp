// The relaxed earth mover's distance of a matrix of costs, and what its gradient says of the samples.
#include "../kernels/match.h"

#include <cmath>

#include "../operation.h"

namespace scumble::cpu {
namespace {

constexpr size_t kColumns = 256;       // of a task
constexpr double kLeastSquare = 1e-5;  // as colour_costs has it

// The mean of all, in their order.
double mean_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v);
  return sum / static_cast<double>(values.size());
}

// out: the best column of every row, the best row of every column, and which of both count: 0 or 1.
double match(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t rows = static_cast<size_t>(shape.height);
  const size_t columns = static_cast<size_t>(shape.channels);
  const float* costs = w.floats(step.in);
  float* out = w.floats(step.out);
  std::vector<float> least_of_rows(rows);
  std::vector<float> least_of_columns(columns);
  w.each_rows(shape.height, columns, [&](int begin, int end) {
    kernels::least_of_rows(w.isa())(costs, shape.channels, begin, end, least_of_rows.data(), out);
  });
  w.each((columns + kColumns - 1) / kColumns, [&](size_t task) {
    const size_t begin = task * kColumns;
    kernels::least_of_columns(w.isa())(costs, shape.height, shape.channels, static_cast<int>(begin),
                                       static_cast<int>(std::min(columns, begin + kColumns)),
                                       least_of_columns.data(), out + rows);
  });
  const double by_rows = mean_of(least_of_rows);
  const double by_columns = mean_of(least_of_columns);
  out[rows + columns] = by_rows >= by_columns ? 0.0f : 1.0f;
  return step.loss_scale * (step.scale + std::max(by_rows, by_columns));
}

// The pairs that count, by row: the columns of row i are list[first[i]] ... list[first[i + 1] - 1].
struct Pairs {
  std::vector<size_t> first;
  std::vector<size_t> list;
  float share;  // 1 / how many there are

  Pairs(const float* match, size_t rows, size_t columns) : first(rows + 1) {
    const bool by_rows = match[rows + columns] == 0;
    const size_t count = by_rows ? rows : columns;
    share = 1 / static_cast<float>(count);
    list.resize(count);
    if (by_rows) {
      for (size_t i = 0; i < rows; ++i) {
        list[i] = static_cast<size_t>(match[i]);
        first[i + 1] = i + 1;
      }
      return;
    }
    const auto row = [&](size_t j) { return static_cast<size_t>(match[rows + j]); };
    for (size_t j = 0; j < columns; ++j) ++first[row(j) + 1];
    for (size_t i = 0; i < rows; ++i) first[i + 1] += first[i];
    std::vector<size_t> next(first.begin(), first.end() - 1);
    for (size_t j = 0; j < columns; ++j) list[next[row(j)]++] = j;
  }
};

// Calls visit(row, column, share) for every pair that counts, and clear(row) before its first.
template <typename Clear, typename Visit>
void each_pair(const Workspace& w, const Step& step, const Clear& clear, const Visit& visit) {
  const Shape& out = w.shape(step.out);
  const size_t rows = static_cast<size_t>(out.height);
  const Pairs pairs(w.floats(step.in), rows, static_cast<size_t>(w.shape(step.other).height));
  w.each_rows(out.height, static_cast<size_t>(out.channels), [&](int begin, int end) {
    for (size_t i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      clear(i);
      for (size_t k = pairs.first[i]; k < pairs.first[i + 1]; ++k) visit(i, pairs.list[k], pairs.share);
    }
  });
}

double match_back(const Workspace& w, const Step& step) {
  const int columns = w.shape(step.out).channels;
  const size_t c = static_cast<size_t>(columns);
  float* out = w.floats(step.out);
  const auto clear = [&](size_t i) { std::fill_n(out + i * c, c, 0.0f); };
  each_pair(w, step, clear, [&](size_t i, size_t j, float share) {
    kernels::add_scaled(w.isa())(static_cast<float>(step.scale) * share, w.floats(step.other) + j * c,
                                 columns, out + i * c);
  });
  return 0;
}

double colour_match_back(const Workspace& w, const Step& step) {
  const float* colours = w.floats(step.statistic);
  const float* others = w.floats(step.other);
  float* out = w.floats(step.out);
  const auto clear = [&](size_t i) { std::fill_n(out + 3 * i, 3, 0.0f); };
  each_pair(w, step, clear, [&](size_t i, size_t j, float share) {
    const float* x = colours + 3 * i;
    const float* y = others + 3 * j;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    double square = 0;
    for (int k = 0; k < 3; ++k) {
      const double a = static_cast<double>(x[k]);
      const double b = static_cast<double>(y[k]);
      xx += a * a;
      yy += b * b;
      xy += a * b;
      square += (a - b) * (a - b);
    }
    const double by = step.scale * static_cast<double>(share);
    const double both = std::sqrt(xx * yy);
    const double distance = square > kLeastSquare ? std::sqrt(square * 3) : 0;
    for (int k = 0; k < 3; ++k) {
      const double a = static_cast<double>(x[k]);
      const double b = static_cast<double>(y[k]);
      double slope = both > 0 ? (a * xy / xx - b) / both : 0;
      if (distance > 0) slope += (a - b) / distance;
      out[3 * i + static_cast<size_t>(k)] += static_cast<float>(by * slope);
    }
  });
  return 0;
}

const RegisterOperation kMatch("match", {match});
const RegisterOperation kMatchBack("match_back", {match_back});
const RegisterOperation kColourMatchBack("colour_match_back", {colour_match_back});

}  // namespace
}  // namespace scumble::cpu

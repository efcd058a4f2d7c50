// Products of matrices in every way there is, with what they come to in double: what every backend is held against.
#pragma once

#include "steps.h"

namespace products {

struct Size {
  int rows;
  int columns;
  int inner;
};
// None a multiple of a tile; the last ones are cut into several tasks and into several pieces of a sum.
const std::vector<Size> kSizes = {{1, 1, 1},   {3, 1, 65},   {1, 130, 3},    {65, 3, 1},
                                  {7, 65, 33}, {130, 17, 5}, {130, 65, 257}, {345, 130, 490}};

struct Way {
  bool transpose_in;
  bool transpose_other;
  bool accumulate;
};
inline std::vector<Way> ways() {
  std::vector<Way> all;
  for (const bool in : {false, true}) {
    for (const bool other : {false, true}) {
      for (const bool accumulate : {false, true}) all.push_back({in, other, accumulate});
    }
  }
  return all;
}

constexpr double kScale = -0.75;

inline std::vector<double> expected_of(const Size& size, const Way& way, const std::vector<float>& in,
                                       const std::vector<float>& other, const std::vector<float>& before) {
  const size_t rows = static_cast<size_t>(size.rows);
  const size_t columns = static_cast<size_t>(size.columns);
  const size_t inner = static_cast<size_t>(size.inner);
  std::vector<double> out(rows * columns);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (size_t k = 0; k < inner; ++k) {
        sum += static_cast<double>(in[way.transpose_in ? k * rows + i : i * inner + k]) *
               static_cast<double>(other[way.transpose_other ? j * inner + k : k * columns + j]);
      }
      out[i * columns + j] =
          kScale * sum + (way.accumulate ? static_cast<double>(before[i * columns + j]) : 0);
    }
  }
  return out;
}

struct Made {
  std::unique_ptr<scumble::Backend> backend;
  steps::Steps plan;
  scumble::Step step;

  Made(std::unique_ptr<scumble::Backend> on, const Size& size, const Way& way, int threads,
       bool symmetric = false)
      : backend(std::move(on)), plan(*backend, threads), step{} {
    const auto matrix = [&](int rows, int columns) { return plan.dense({columns, rows, 1}); };
    step.op = "multiply";
    step.in = way.transpose_in ? matrix(size.inner, size.rows) : matrix(size.rows, size.inner);
    step.other = way.transpose_other ? matrix(size.columns, size.inner) : matrix(size.inner, size.columns);
    step.out = matrix(size.rows, size.columns);
    step.scale = kScale;
    step.transpose_in = way.transpose_in;
    step.transpose_other = way.transpose_other;
    step.accumulate = way.accumulate;
    step.symmetric = symmetric;
    plan.emit(step);
    plan.compile();
  }

  std::vector<float> run(const std::vector<float>& in, const std::vector<float>& other,
                         const std::vector<float>& before) {
    plan.write(step.in, in);
    plan.write(step.other, other);
    plan.write(step.out, before);
    plan.run();
    return plan.read(step.out);
  }
};

inline std::vector<float> random_matrix(support::Random& random, int rows, int columns) {
  return support::uniform(random, static_cast<size_t>(rows) * static_cast<size_t>(columns), -1, 1);
}

}  // namespace products

// Products of matrices in every way there is, against the reference in double.
#include "check.h"
#include "plan_by_hand.h"
#include "support.h"

using scumble::Step;
using scumble::cpu::Isa;
using support::PlanByHand;
using support::Random;

namespace {

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
std::vector<Way> ways() {
  std::vector<Way> all;
  for (const bool in : {false, true}) {
    for (const bool other : {false, true}) {
      for (const bool accumulate : {false, true}) all.push_back({in, other, accumulate});
    }
  }
  return all;
}

void say(const Isa& isa, const Size& size, const Way& way) {
  check::at() = std::string(isa.name) + " " + std::to_string(size.rows) + "x" + std::to_string(size.columns) +
                "x" + std::to_string(size.inner) + (way.transpose_in ? " in transposed" : "") +
                (way.transpose_other ? " other transposed" : "") + (way.accumulate ? " accumulated" : "");
}

constexpr double kScale = -0.75;

std::vector<double> expected_of(const Size& size, const Way& way, const std::vector<float>& in,
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
  PlanByHand plan;
  Step step;

  Made(const Isa& isa, const Size& size, const Way& way, int threads, bool symmetric = false)
      : plan(isa), step{} {
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
    plan.compile(threads);
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

std::vector<float> random_matrix(Random& random, int rows, int columns) {
  return support::uniform(random, static_cast<size_t>(rows) * static_cast<size_t>(columns), -1, 1);
}

}  // namespace

TEST(products_of_matrices) {
  Random random(1);
  for (const Size& size : kSizes) {
    const std::vector<float> in = random_matrix(random, size.rows, size.inner);
    const std::vector<float> other = random_matrix(random, size.inner, size.columns);
    const std::vector<float> before = random_matrix(random, size.rows, size.columns);
    for (const Way& way : ways()) {
      const std::vector<double> expected = expected_of(size, way, in, other, before);
      for (const Isa* isa : support::isas()) {
        say(*isa, size, way);
        CHECK_ALL_CLOSE(Made(*isa, size, way, 2).run(in, other, before), expected, 1e-6);
      }
    }
  }
}

// However many threads share the work, and however it is cut for them.
TEST(products_on_any_number_of_threads) {
  Random random(2);
  const Size size{345, 130, 490};
  const std::vector<float> in = random_matrix(random, size.rows, size.inner);
  const std::vector<float> other = random_matrix(random, size.inner, size.columns);
  const std::vector<float> before = random_matrix(random, size.rows, size.columns);
  for (const Way& way : ways()) {
    for (const Isa* isa : support::isas()) {
      say(*isa, size, way);
      const std::vector<float> alone = Made(*isa, size, way, 1).run(in, other, before);
      for (const int threads : {2, 3, 8, 40})
        CHECK(Made(*isa, size, way, threads).run(in, other, before) == alone);
    }
  }
}

// A product with its own transpose is symmetric: half of it is as good as all.
TEST(symmetric_products) {
  Random random(3);
  const Way way{false, true, true};
  for (const int n : {1, 3, 17, 64, 65, 130, 300}) {
    const Size size{n, n, 45};
    const std::vector<float> in = random_matrix(random, n, size.inner);
    std::vector<float> before = random_matrix(random, n, n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      for (size_t j = 0; j < i; ++j)
        before[j * static_cast<size_t>(n) + i] = before[i * static_cast<size_t>(n) + j];
    }
    // `other` is transposed, so it is given as `in` is.
    const std::vector<double> expected = expected_of(size, way, in, in, before);
    for (const Isa* isa : support::isas()) {
      say(*isa, size, way);
      const std::vector<float> found = Made(*isa, size, way, 2, true).run(in, in, before);
      CHECK_ALL_CLOSE(found, expected, 1e-6);
      CHECK(Made(*isa, size, way, 5, true).run(in, in, before) == found);
      bool symmetric = true;
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        for (size_t j = 0; j < i; ++j)
          symmetric =
              symmetric && found[i * static_cast<size_t>(n) + j] == found[j * static_cast<size_t>(n) + i];
      }
      CHECK(symmetric);
    }
  }
}

// Products of matrices in every way there is, against the reference in double.
#include "check.h"
#include "products.h"
#include "support.h"

using products::expected_of;
using products::kSizes;
using products::Made;
using products::random_matrix;
using products::Size;
using products::Way;
using products::ways;
using scumble::cpu::Isa;
using support::Random;

namespace {

void say(const Isa& isa, const Size& size, const Way& way) {
  check::at() = std::string(isa.name) + " " + std::to_string(size.rows) + "x" + std::to_string(size.columns) +
                "x" + std::to_string(size.inner) + (way.transpose_in ? " in transposed" : "") +
                (way.transpose_other ? " other transposed" : "") + (way.accumulate ? " accumulated" : "");
}

Made made_on(const Isa& isa, const Size& size, const Way& way, int threads, bool symmetric = false) {
  return {std::make_unique<scumble::cpu::CpuBackend>(isa), size, way, threads, symmetric};
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
        CHECK_ALL_CLOSE(made_on(*isa, size, way, 2).run(in, other, before), expected, 1e-6);
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
      const std::vector<float> alone = made_on(*isa, size, way, 1).run(in, other, before);
      for (const int threads : {2, 3, 8, 40})
        CHECK(made_on(*isa, size, way, threads).run(in, other, before) == alone);
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
      const std::vector<float> found = made_on(*isa, size, way, 2, true).run(in, in, before);
      CHECK_ALL_CLOSE(found, expected, 1e-6);
      CHECK(made_on(*isa, size, way, 5, true).run(in, in, before) == found);
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

// The distance of two normal distributions: roots of matrices, then the term in an objective.
#include "check.h"
#include "check_both.h"
#include "roots.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else
using roots::iterated;
using roots::random_symmetric;
using roots::with;

namespace {

std::vector<float> root_of(const scumble::cpu::Isa& isa, const std::vector<double>& a, size_t n, bool inverse,
                           int threads) {
  return roots::root_of(std::make_unique<scumble::cpu::CpuBackend>(isa), a, n, inverse, threads);
}

}  // namespace

TEST(roots_of_matrices) {
  Random random(1);
  for (const size_t n : {1, 2, 5, 33, 70}) {
    for (const double scale : {1.0, 1e-4, 1e7}) {
      for (const bool inverse : {false, true}) {
        std::vector<double> a = random_symmetric(random, n, inverse ? 0.2 : 0.01);
        for (double& x : a) x = static_cast<double>(static_cast<float>(x * scale));
        const reference::Square expected = inverse ? reference::inverse(a, n) : reference::root(a, n);
        for (const scumble::cpu::Isa* isa : support::isas()) {
          check::at() = std::string(isa->name) + " " + std::to_string(n) + (inverse ? " inverse" : "");
          const std::vector<float> found = root_of(*isa, a, n, inverse, 2);
          CHECK_ALL_CLOSE(found, expected, 2e-5);
          CHECK(root_of(*isa, a, n, inverse, 3) == found);
        }
      }
    }
  }
}

// Where not all has converged, it is what twelve iterations in double come to, which multiply what rounding leaves in
// directions without extent by 130.
TEST(roots_of_nearly_singular_matrices) {
  Random random(2);
  for (const double smallest : {1e-5, 1e-9, 0.0}) {
    const size_t n = 60;
    std::vector<double> a = random_symmetric(random, n, smallest);
    for (double& x : a) x = static_cast<double>(static_cast<float>(x));
    for (const bool inverse : {false, true}) {
      const std::vector<double> expected = iterated(a, n, inverse);
      for (const scumble::cpu::Isa* isa : support::isas()) {
        check::at() = std::string(isa->name) + " " + std::to_string(smallest) + (inverse ? " inverse" : "");
        CHECK_ALL_CLOSE(root_of(*isa, a, n, inverse, 2), expected, 1e-4);
      }
    }
  }
}

TEST(distances) {
  check_both(with("a shallow layer", {"relu1_1"}, 0.05), 100);
  check_both(with("layers of all kinds", {"conv1_2", "relu2_1", "pool1"}, 0.05), 200);
  check_both(with("the deepest", {"relu2_2"}, 0.1), 300);
  Case of = with("among others", {"relu1_2", "conv2_1"}, 0.05);
  for (const char* kind : {"gram", "mean-std", "content"}) {
    support::add(of.objective, kind, "relu1_2", 1, std::string(kind) == "content" ? kContent : kStyle);
  }
  check_both(of, 400);
  of = with("before and after the relu", {"conv1_1", "relu1_1"}, 0.05);
  check_both(of, 500);
}

TEST(distances_with_masks) {
  Case of = with("masks", {"relu1_1", "conv2_1", "pool1"}, 0.1);
  of.masks = {{4, 5}, {9, 11}, {31, 17}};
  int mask = 0;
  for (scumble::Term& term : of.objective.terms) {
    term.mask = mask++ % 3;
    term.targets = {{1, 0.75, 1}, {2, 0.25, 2}};
  }
  check_both(of, 600);
}

TEST(distances_of_few_positions) {
  for (const Size size : std::vector<Size>{{1, 1}, {1, 2}, {3, 1}, {2, 5}}) {
    Case of = with("few positions", {"relu1_1", "conv2_1"}, 0.2);
    of.model.rounding = Rounding::ceil;
    of.content = size;
    check_both(of, 700);
  }
}

// The distance of two normal distributions: roots of matrices, then the term in an objective.
#include "check.h"
#include "check_both.h"
#include "plan_by_hand.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else
using scumble::BufferId;
using scumble::Shape;
using scumble::Step;
using support::PlanByHand;

namespace {

// A symmetric matrix with eigenvalues that fall from 1 to `smallest` by equal factors, in random directions.
std::vector<double> random_symmetric(Random& random, size_t n, double smallest) {
  std::vector<double> a(n * n);
  for (size_t i = 0; i < n; ++i) {
    a[i * n + i] = std::pow(smallest, n == 1 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1));
  }
  // Reflected in turn: a - 2 v (v a), from both sides.
  for (int reflection = 0; reflection < 3; ++reflection) {
    std::vector<double> v(n);
    double square = 0;
    for (double& x : v) {
      x = static_cast<double>(random.uniform(-1, 1));
      square += x * x;
    }
    for (const bool transposed : {false, true}) {
      for (size_t i = 0; i < n; ++i) {
        double product = 0;
        for (size_t k = 0; k < n; ++k) product += v[k] * a[transposed ? i * n + k : k * n + i];
        for (size_t k = 0; k < n; ++k) a[transposed ? i * n + k : k * n + i] -= 2 * v[k] * product / square;
      }
    }
  }
  return a;
}

// The engine's iterations in double.
std::vector<double> iterated(const std::vector<double>& a, size_t n, bool inverse) {
  double norm = 0;
  for (const double x : a) norm += x * x;
  norm = std::sqrt(norm);
  reference::Matrix y = a;
  for (double& x : y) x /= norm;
  reference::Matrix z(n * n);
  for (size_t i = 0; i < n; ++i) z[i * n + i] = 1;
  for (int i = 0; i < 12; ++i) {
    reference::Matrix t = reference::times(z, y, n);
    for (double& x : t) x *= -0.5;
    for (size_t k = 0; k < n; ++k) t[k * n + k] += 1.5;
    y = reference::times(y, t, n);
    z = reference::times(t, z, n);
  }
  for (double& x : y) x *= std::sqrt(norm);
  for (double& x : z) x /= std::sqrt(norm);
  return inverse ? z : y;
}

std::vector<float> root_of(const scumble::cpu::Isa& isa, const std::vector<double>& a, size_t n, bool inverse,
                           int threads) {
  const int channels = static_cast<int>(n);
  PlanByHand plan(isa);
  Step step{};
  step.op = inverse ? "inverse_root" : "root";
  step.in = plan.dense({channels, channels, 1});
  step.out = plan.dense({channels, channels, 1});
  step.scratch = plan.working(step.op, {channels, channels, 1});
  plan.emit(step);
  plan.compile(threads);
  plan.write(step.in, {a.begin(), a.end()});
  plan.run();
  return plan.read(step.out);
}

Case with(const std::string& name, const std::vector<const char*>& layers, double regularization) {
  Case of = small_case(name);
  for (const char* layer : layers) {
    support::add(of.objective, "wasserstein", layer, 1, kStyle).parameters["regularization"] = regularization;
  }
  return of;
}

}  // namespace

TEST(roots) {
  Random random(1);
  for (const size_t n : {1, 2, 5, 33, 70, 150}) {
    for (const double scale : {1.0, 1e-4, 1e7}) {
      std::vector<double> a = random_symmetric(random, n, 0.01);
      for (double& x : a) x = static_cast<double>(static_cast<float>(x * scale));
      for (const bool inverse : {false, true}) {
        const reference::Matrix expected = inverse ? reference::inverse_root(a, n) : reference::root(a, n);
        for (const scumble::cpu::Isa* isa : support::isas()) {
          check::at() = std::string(isa->name) + " " + std::to_string(n) + (inverse ? " inverse" : "");
          const std::vector<float> found = root_of(*isa, a, n, inverse, 2);
          CHECK_ALL_CLOSE(found, expected, 1e-5);
          CHECK(root_of(*isa, a, n, inverse, 3) == found);
        }
      }
    }
  }
}

// Where not all has converged, it is what as many iterations in double come to.
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
        CHECK_ALL_CLOSE(root_of(*isa, a, n, inverse, 2), expected, inverse ? 1e-3 : 1e-5);
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

// Arithmetic on whole pictures and matrices.
#include "../cpp/cpu/kernels/difference.h"
#include "../cpp/cpu/kernels/vectors.h"
#include "kernels.h"

namespace {

const std::vector<size_t> kLengths = {1, 3, 4, 7, 8, 15, 16, 17, 33, 1000};

void say(const Isa& isa, size_t n) {
  check::at() = std::string(isa.name) + " n " + std::to_string(n);
}

}  // namespace

TEST(difference) {
  Random random(10);
  for (const size_t n : kLengths) {
    const auto a = support::uniform(random, n, -1, 1);
    const auto b = support::uniform(random, n, -1, 1);
    double sum = 0;
    std::vector<double> expected;
    for (size_t i = 0; i < n; ++i) {
      const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      sum += d * d;
      expected.push_back(1.5 * d);
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      std::vector<float> out(n);
      CHECK_CLOSE(kernels::difference(*isa)(a.data(), b.data(), out.data(), 1.5f, n), sum,
                  kElementwise * sum);
      CHECK_ALL_CLOSE(out, expected, kElementwise);
    }
  }
}

TEST(sums_and_products) {
  Random random(11);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 5; ++i) v.push_back(support::uniform(random, n, -1, 1));
    double total = 0;
    for (const float x : v[0]) total += std::abs(static_cast<double>(x));
    const float* left[] = {v[0].data(), v[1].data()};
    const float* right[] = {v[2].data(), v[3].data(), v[4].data()};
    std::vector<double> expected(6, 1.0);
    for (size_t i = 0; i < 6; ++i) {
      for (size_t k = 0; k < n; ++k)
        expected[i] += static_cast<double>(left[i / 3][k]) * static_cast<double>(right[i % 3][k]);
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      CHECK_CLOSE(kernels::sum_abs(*isa)(v[0].data(), n), total, 1e-13 * total);  // in double
      std::vector<double> out(6, 1.0);
      kernels::dot_products (*isa)(left, 2, right, 3, n, out.data());
      CHECK_ALL_CLOSE(out, expected, 1e-13);
    }
  }
}

TEST(combine) {
  Random random(12);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 3; ++i) v.push_back(support::uniform(random, n, -1, 1));
    const double coefficients[] = {0.3, -1.7, 2.5};
    std::vector<double> expected(n);
    for (size_t t = 0; t < 3; ++t) {
      for (size_t i = 0; i < n; ++i) expected[i] += coefficients[t] * static_cast<double>(v[t][i]);
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      std::vector<float> in_place = v[1];  // the target is one of the terms
      const float* terms[] = {v[0].data(), in_place.data(), v[2].data()};
      kernels::combine (*isa)(in_place.data(), terms, coefficients, 3, n);
      CHECK_ALL_CLOSE(in_place, expected, kElementwise);
    }
  }
}

// Ten updates; each rounds a handful of times.
TEST(rmsprop) {
  Random random(14);
  for (const size_t n : kLengths) {
    const auto start = support::uniform(random, n, -1, 1);
    const auto before = support::uniform(random, n, 0, 2);
    std::vector<std::vector<float>> gradients;
    for (int t = 0; t < 10; ++t) gradients.push_back(support::uniform(random, n, -3, 3));
    std::vector<double> x(start.begin(), start.end());
    std::vector<double> v(before.begin(), before.end());
    for (const auto& gradient : gradients) {
      for (size_t i = 0; i < n; ++i) {
        const double g = static_cast<double>(gradient[i]);
        v[i] = 0.99 * v[i] + (1 - 0.99) * g * g;
        x[i] -= 0.25 * g / (std::sqrt(v[i]) + 1e-3);
      }
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      std::vector<float> found = start;
      std::vector<float> squares = before;
      for (const auto& gradient : gradients)
        kernels::rmsprop (*isa)(found.data(), gradient.data(), squares.data(), 0.99, 0.25f, 1e-3f, n);
      CHECK_ALL_CLOSE(found, x, 1e-6);
      CHECK_ALL_CLOSE(squares, v, 1e-6);
    }
  }
}

TEST(clamp) {
  Random random(15);
  for (const size_t n : kLengths) {
    auto given = support::uniform(random, n, -300, 600);
    if (n > 4) given[n / 2] = INFINITY;
    std::vector<float> expected = given;
    for (float& x : expected) x = std::min(std::max(x, 0.0f), 255.0f);
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      std::vector<float> found = given;
      kernels::clamp (*isa)(found.data(), 0, 255, n);
      CHECK(found == expected);
      found[n - 1] = NAN;
      kernels::clamp (*isa)(found.data(), 0, 255, n);
      CHECK(std::isnan(found[n - 1]));
    }
  }
}

TEST(blend_rows) {
  Random random(13);
  for (const size_t n : kLengths) {
    std::vector<std::vector<float>> v;
    for (int i = 0; i < 7; ++i) v.push_back(support::uniform(random, n, -1, 1));
    const auto weights = support::uniform(random, 7, -1, 1);
    std::vector<double> expected(n);
    std::vector<const float*> from;
    for (size_t t = 0; t < 7; ++t) {
      from.push_back(v[t].data());
      for (size_t i = 0; i < n; ++i)
        expected[i] += static_cast<double>(weights[t]) * static_cast<double>(v[t][i]);
    }
    for (const Isa* isa : support::isas()) {
      say(*isa, n);
      std::vector<float> to(n);
      kernels::blend_rows (*isa)(to.data(), from.data(), weights.data(), 7, n);
      CHECK_ALL_CLOSE(to, expected, kSums);
    }
  }
}

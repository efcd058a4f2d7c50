// The optimisers alone, on functions whose gradients are known, over arithmetic on plain vectors of
// doubles: L-BFGS against the plain two-loop recursion with torch's rules, Adam and RMSprop against their formulas. The CPU
// backend's vector arithmetic is held against the same.
#include "../cpp/core/optimizer.h"

#include <functional>

#include "../cpp/core/lbfgs.h"
#include "../cpp/cpu/vectors.h"
#include "check.h"
#include "support.h"

using scumble::AdamConstants;
using scumble::BufferId;

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

class FakeVectors final : public scumble::Vectors {
 public:
  FakeVectors(size_t n, int buffers) : vectors(static_cast<size_t>(buffers), Vector(n)) {}

  Vector& at(BufferId id) { return vectors[static_cast<size_t>(id)]; }

  void copy(BufferId to, BufferId from) override { at(to) = at(from); }
  double sum_abs(BufferId v) override {
    double sum = 0;
    for (const double x : at(v)) sum += std::abs(x);
    return sum;
  }
  void dot_products(const std::vector<BufferId>& left, const std::vector<BufferId>& right,
                    double* out) override {
    for (const BufferId l : left) {
      for (const BufferId r : right) *out++ = dot(at(l), at(r));
    }
  }
  void combine(BufferId to, const std::vector<BufferId>& terms,
               const std::vector<double>& coefficients) override {
    Vector sum(at(to).size());
    for (size_t t = 0; t < terms.size(); ++t) {
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += coefficients[t] * at(terms[t])[i];
    }
    at(to) = sum;
  }
  void adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t, double learning_rate,
            const AdamConstants& k) override {
    const double n = static_cast<double>(t);
    for (size_t i = 0; i < at(x).size(); ++i) {
      const double g = at(gradient)[i];
      at(m)[i] = k.beta1 * at(m)[i] + (1 - k.beta1) * g;
      at(v)[i] = k.beta2 * at(v)[i] + (1 - k.beta2) * g * g;
      const double mean = at(m)[i] / (1 - std::pow(k.beta1, n));
      const double square = at(v)[i] / (1 - std::pow(k.beta2, n));
      at(x)[i] -= learning_rate * mean / (std::sqrt(square) + k.epsilon);
    }
  }

  void rmsprop(BufferId x, BufferId gradient, BufferId v, double learning_rate,
               const scumble::RmspropConstants& k) override {
    for (size_t i = 0; i < at(x).size(); ++i) {
      const double g = at(gradient)[i];
      at(v)[i] = k.decay * at(v)[i] + (1 - k.decay) * g * g;
      at(x)[i] -= learning_rate * g / (std::sqrt(at(v)[i]) + k.epsilon);
    }
  }
  void clamp(BufferId x, float low, float high) override {
    for (double& value : at(x))
      value = std::min(std::max(value, static_cast<double>(low)), static_cast<double>(high));
  }

  size_t elements(BufferId v) const override { return vectors[static_cast<size_t>(v)].size(); }

  std::vector<float> values(BufferId from) const override {
    const Vector& v = vectors[static_cast<size_t>(from)];
    return {v.begin(), v.end()};
  }
  void set(BufferId to, const std::vector<float>& values) override {
    at(to) = {values.begin(), values.end()};
  }

  std::vector<Vector> vectors;
};

// torch.optim.LBFGS without line search and tolerances, vector by vector.
class PlainLbfgs {
 public:
  PlainLbfgs(double learning_rate, double first_step, size_t history)
      : learning_rate_(learning_rate), first_step_(first_step), history_(history) {}

  void step(Vector& x, const Vector& g) {
    double length = learning_rate_;
    Vector d = g;
    if (previous_.empty()) {
      double norm = 0;
      for (const double v : g) norm += std::abs(v);
      const double reach = first_step_ * static_cast<double>(g.size());
      length *= reach > 0 ? reach / norm : std::min(1.0, 1 / norm);
    } else {
      Vector y = g;
      for (size_t i = 0; i < y.size(); ++i) y[i] -= previous_[i];
      const double ys = dot(y, last_step_);
      if (ys > 1e-10) {
        if (s_.size() == history_) {
          s_.erase(s_.begin());
          y_.erase(y_.begin());
          ++dropped;
        }
        s_.push_back(last_step_);
        y_.push_back(y);
        scale_ = ys / dot(y, y);
      } else {
        ++rejected;
      }
      Vector alpha(s_.size());
      for (size_t i = s_.size(); i-- > 0;) {
        alpha[i] = dot(s_[i], d) / dot(y_[i], s_[i]);
        for (size_t k = 0; k < d.size(); ++k) d[k] -= alpha[i] * y_[i][k];
      }
      for (double& v : d) v *= scale_;
      for (size_t i = 0; i < s_.size(); ++i) {
        const double beta = dot(y_[i], d) / dot(y_[i], s_[i]);
        for (size_t k = 0; k < d.size(); ++k) d[k] += (alpha[i] - beta) * s_[i][k];
      }
    }
    previous_ = g;
    for (double& v : d) v *= -length;
    for (size_t i = 0; i < x.size(); ++i) x[i] += d[i];
    last_step_ = d;
  }

  int dropped = 0;
  int rejected = 0;

 private:
  double learning_rate_;
  double first_step_;
  size_t history_;
  double scale_ = 1;
  std::vector<Vector> s_;
  std::vector<Vector> y_;
  Vector previous_;
  Vector last_step_;
};

using Gradient = std::function<Vector(const Vector&)>;

// A stretched bowl, its axes turned into each other.
Vector quadratic(const Vector& x) {
  Vector g(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    g[i] = (1 + 0.5 * static_cast<double>(i)) * x[i] - 3;
    if (i > 0) g[i] += 0.3 * x[i - 1];
    if (i + 1 < x.size()) g[i] += 0.3 * x[i + 1];
  }
  return g;
}

// Rosenbrock's valley, less steep than usual, chained.
Vector rosenbrock(const Vector& x) {
  Vector g(x.size());
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    const double bend = x[i + 1] - x[i] * x[i];
    g[i] += -2 * (1 - x[i]) - 20 * x[i] * bend;
    g[i + 1] += 10 * bend;
  }
  return g;
}

// Two wells per axis: concave in between, so that pairs are refused.
Vector wells(const Vector& x) {
  Vector g(x.size());
  for (size_t i = 0; i < x.size(); ++i) g[i] = x[i] * x[i] * x[i] - x[i];
  return g;
}

struct Seen {
  int dropped;
  int rejected;
  double last_gradient;
};

Seen compare(const Gradient& gradient, Vector x, double learning_rate, int history, int steps,
             double first_step = 0) {
  const int vectors = scumble::Lbfgs::vectors(history);
  FakeVectors program(x.size(), vectors + 2);
  std::vector<BufferId> ids;
  for (int i = 0; i < vectors; ++i) ids.push_back(2 + i);
  scumble::OptimizerOptions options;
  options.history = history;
  options.learning_rate = learning_rate;
  options.first_step = first_step;
  CHECK(vectors_of(options) == vectors);
  const auto optimizer = make_optimizer(options, ids);
  PlainLbfgs plain(learning_rate, first_step, static_cast<size_t>(history));
  program.at(0) = x;
  for (int i = 0; i < steps; ++i) {
    check::at() = "step " + std::to_string(i) + ", history " + std::to_string(history);
    // Both from the same point: differences of rounding would grow along the path.
    program.at(0) = x;
    program.at(1) = gradient(x);
    optimizer->step(program, 0, 1);
    plain.step(x, gradient(x));
    CHECK_ALL_CLOSE(program.at(0), x, 1e-9);
  }
  return {plain.dropped, plain.rejected, std::sqrt(dot(gradient(x), gradient(x)))};
}

Vector start(size_t n, double low, double high) {
  support::Random random(5);
  Vector x(n);
  for (double& v : x) v = static_cast<double>(random.uniform(low, high));
  return x;
}

}  // namespace

TEST(lbfgs_on_a_quadratic) {
  for (const int history : {1, 2, 5, 100}) {
    for (const double first_step : {0.0, 0.5}) {
      const Seen seen = compare(quadratic, start(12, -4, 4), 1, history, 25, first_step);
      CHECK(history == 100 || seen.dropped > 0);
      CHECK(seen.last_gradient < 1e-2);
    }
  }
}

TEST(lbfgs_in_a_valley) {
  const Seen seen = compare(rosenbrock, start(6, 0.5, 1.5), 0.5, 6, 60);
  CHECK(seen.dropped > 0);
  CHECK(seen.last_gradient < 1e-3);
}

TEST(lbfgs_refuses_pairs) {
  const Seen seen = compare(wells, start(5, 0.01, 0.2), 1, 3, 30);
  CHECK(seen.rejected > 0);
  CHECK(seen.dropped > 0);
  CHECK(seen.last_gradient < 1e-3);
}

// As torch has it a gradient that is small already is followed in full: min(1, 1 / |g|_1) is 1. With a first step of 2
// elements go so far in the mean, whatever the gradient's size.
TEST(lbfgs_first_step) {
  FakeVectors program(2, 2 + scumble::Lbfgs::vectors(1));
  scumble::Lbfgs small(0.5, 0, {2, 3, 4, 5});
  program.at(1) = {0.25, -0.5};
  small.step(program, 0, 1);
  CHECK(program.at(0) == (Vector{-0.125, 0.25}));
  scumble::Lbfgs large(0.5, 0, {2, 3, 4, 5});
  program.at(0) = {0, 0};
  program.at(1) = {1, -3};
  large.step(program, 0, 1);
  CHECK(program.at(0) == (Vector{-0.125, 0.375}));
  scumble::Lbfgs longer(0.5, 2, {2, 3, 4, 5});
  program.at(0) = {0, 0};
  longer.step(program, 0, 1);
  CHECK(program.at(0) == (Vector{-0.5, 1.5}));
  for (const double factor : {0.0625, 4.0}) {
    scumble::Lbfgs scaled(0.5, 2, {2, 3, 4, 5});
    program.at(0) = {0, 0};
    program.at(1) = {factor, -3 * factor};
    scaled.step(program, 0, 1);
    CHECK(program.at(0) == (Vector{-0.5, 1.5}));
  }
}

TEST(lbfgs_stands_still_without_a_gradient) {
  FakeVectors program(3, 2 + scumble::Lbfgs::vectors(2));
  scumble::Lbfgs optimizer(1, 0, {2, 3, 4, 5, 6, 7});
  program.at(0) = {1, 2, 3};
  for (int i = 0; i < 3; ++i) optimizer.step(program, 0, 1);
  CHECK(program.at(0) == (Vector{1, 2, 3}));
}

namespace {

// A program over pictures alone, larger than one task of a pass.
struct Pictures {
  static constexpr int kWidth = 130;
  static constexpr int kHeight = 90;
  static constexpr size_t kElements = kWidth * kHeight * 3;

  explicit Pictures(const scumble::cpu::Isa& isa, int vectors) {
    const scumble::cpu::CpuBackend backend(isa);
    scumble::PlanRequest request;
    request.width = kWidth;
    request.height = kHeight;
    request.vectors = vectors;
    support::add_tv(request.objective, 1);
    plan = scumble::Plan::iteration(backend, {}, request);
    workspace = std::make_unique<scumble::cpu::Workspace>(scumble::cpu::Machine{isa, false, 2},
                                                          scumble::Networks{}, plan, 0);
    arithmetic = std::make_unique<scumble::cpu::CpuVectors>(*workspace);
  }

  std::vector<float> read(BufferId id) const { return arithmetic->values(id); }
  void write(BufferId id, const std::vector<float>& values) const { arithmetic->set(id, values); }

  scumble::Plan plan;
  std::unique_ptr<scumble::cpu::Workspace> workspace;
  std::unique_ptr<scumble::Vectors> arithmetic;
};

Vector wide(const std::vector<float>& v) {
  return {v.begin(), v.end()};
}

}  // namespace

TEST(vector_arithmetic_of_the_cpu) {
  for (const auto* isa : support::isas()) {
    check::at() = isa->name;
    Pictures cpu(*isa, 4);
    FakeVectors exact(Pictures::kElements, 4);
    support::Random random(8);
    for (int i = 0; i < 4; ++i) {
      const std::vector<float> values = support::uniform(random, Pictures::kElements, -2, 2);
      cpu.write(cpu.plan.vectors[static_cast<size_t>(i)], values);
      exact.at(i) = wide(values);
    }
    const std::vector<BufferId>& v = cpu.plan.vectors;
    CHECK_CLOSE(cpu.arithmetic->sum_abs(v[0]), exact.sum_abs(0), 1e-13 * exact.sum_abs(0));
    Vector found(6);
    Vector expected(6);
    cpu.arithmetic->dot_products({v[0], v[1]}, {v[1], v[2], v[3]}, found.data());
    exact.dot_products({0, 1}, {1, 2, 3}, expected.data());
    CHECK_ALL_CLOSE(found, expected, 1e-12);
    cpu.arithmetic->combine(v[1], {v[0], v[1], v[3]}, {0.5, -2, 0.125});
    exact.combine(1, {0, 1, 3}, {0.5, -2, 0.125});
    CHECK_ALL_CLOSE(cpu.read(v[1]), exact.at(1), 3e-7);
    cpu.arithmetic->copy(v[2], v[0]);
    CHECK(cpu.read(v[2]) == cpu.read(v[0]));
    cpu.arithmetic->clamp(v[2], -1, 0.5f);
    exact.clamp(0, -1, 0.5f);
    CHECK(wide(cpu.read(v[2])) == exact.at(0));
  }
}

// Ten updates; each rounds a handful of times.
TEST(adam) {
  for (const double beta2 : {0.999, 0.99}) {
    for (const auto* isa : support::isas()) {
      AdamConstants constants;
      constants.beta2 = beta2;
      Pictures cpu(*isa, 3);
      FakeVectors exact(Pictures::kElements, 5);
      scumble::OptimizerOptions options;
      options.kind = scumble::OptimizerKind::adam;
      options.learning_rate = 0.5;
      options.adam = constants;
      CHECK(vectors_of(options) == 2);
      const auto optimizer = make_optimizer(options, {cpu.plan.vectors[0], cpu.plan.vectors[1]});
      const auto plain = make_optimizer(options, {2, 3});
      support::Random random(9);
      for (int t = 1; t <= 10; ++t) {
        check::at() = std::string(isa->name) + " step " + std::to_string(t);
        const std::vector<float> gradient = support::uniform(random, Pictures::kElements, -3, 3);
        cpu.write(cpu.plan.gradient, gradient);
        exact.at(1) = wide(gradient);
        optimizer->step(*cpu.arithmetic, cpu.plan.picture, cpu.plan.gradient);
        plain->step(exact, 0, 1);
        CHECK_ALL_CLOSE(cpu.read(cpu.plan.picture), exact.at(0), 1e-6);
      }
    }
  }
}

TEST(rmsprop) {
  for (const auto* isa : support::isas()) {
    Pictures cpu(*isa, 1);
    FakeVectors exact(Pictures::kElements, 3);
    scumble::OptimizerOptions options;
    options.kind = scumble::OptimizerKind::rmsprop;
    options.learning_rate = 0.5;
    CHECK(options.rmsprop.decay == 0.99 && options.rmsprop.epsilon == 1e-8);
    CHECK(vectors_of(options) == 1);
    const auto optimizer = make_optimizer(options, {cpu.plan.vectors[0]});
    const auto plain = make_optimizer(options, {2});
    support::Random random(10);
    for (int t = 1; t <= 10; ++t) {
      check::at() = std::string(isa->name) + " step " + std::to_string(t);
      const std::vector<float> gradient = support::uniform(random, Pictures::kElements, -3, 3);
      cpu.write(cpu.plan.gradient, gradient);
      exact.at(1) = wide(gradient);
      optimizer->step(*cpu.arithmetic, cpu.plan.picture, cpu.plan.gradient);
      plain->step(exact, 0, 1);
      // Its first step is 1 / sqrt(1 - decay) times the learning rate.
      if (t == 1) CHECK_CLOSE(std::abs(exact.at(0)[7]), 5, 1e-6);
      CHECK_ALL_CLOSE(cpu.read(cpu.plan.picture), exact.at(0), 1e-6);
    }
  }
}

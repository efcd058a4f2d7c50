// The optimisers on the device against the CPU's, step by step and from the same points: L-BFGS where pairs
// are dropped and refused, Adam and RMSprop where their moments have just begun; the clamp; and that none moves
// once a run has diverged.
#include "../../cpp/core/optimizer.h"

#include <functional>

#include "../../cpp/cpu/vectors.h"
#include "../../cuda/ops/lbfgs.h"
#include "../check.h"
#include "../support.h"
#include "device.h"

namespace cuda = scumble::cuda;
using device::Array;
using scumble::BufferId;

namespace {

using Values = std::vector<float>;

// A workspace of the CPU backend that is there for its vectors.
struct Cpu {
  Cpu(int width, int height, const scumble::OptimizerOptions& options) {
    scumble::PlanRequest request;
    request.width = width;
    request.height = height;
    request.vectors = vectors_of(options);
    support::add_tv(request.objective, 1);
    const scumble::cpu::Isa& isa = scumble::cpu::isa();
    plan = scumble::Plan::iteration(scumble::cpu::CpuBackend(isa), {}, request);
    workspace = std::make_unique<scumble::cpu::Workspace>(scumble::cpu::Machine{isa, false, 1},
                                                          scumble::Networks{}, plan, 0);
    vectors = std::make_unique<scumble::cpu::CpuVectors>(*workspace);
    optimizer = make_optimizer(options, plan.vectors);
  }

  // One step from x.
  Values step(const Values& x, const Values& gradient) const {
    vectors->set(plan.picture, x);
    vectors->set(plan.gradient, gradient);
    optimizer->step(*vectors, plan.picture, plan.gradient);
    return vectors->values(plan.picture);
  }

  scumble::Plan plan;
  std::unique_ptr<scumble::cpu::Workspace> workspace;
  std::unique_ptr<scumble::Vectors> vectors;
  std::unique_ptr<scumble::Optimizer> optimizer;
};

// The same on the device.
class Cuda {
 public:
  Cuda(size_t n, const scumble::OptimizerOptions& options)
      : options_(options),
        x_(n),
        gradient_(n),
        memory_(cuda::lbfgs_bytes(options.history)),
        progress_(std::vector<cuda::Progress>{device::fresh()}) {
    for (int i = 0; i < vectors_of(options); ++i) vectors_.emplace_back(n);
    if (options.kind != scumble::OptimizerKind::lbfgs) {
      for (const Array<float>& v : vectors_) v.set(Values(n));
    }
    for (const Array<float>& v : vectors_) pointers_.push_back(v.get());
    start();
  }

  void start() const {
    if (options_.kind == scumble::OptimizerKind::lbfgs) cuda::lbfgs_start(update(), memory_.get(), nullptr);
  }

  Values step(const Values& x, const Values& gradient, double loss = 1) const {
    x_.set(x);
    gradient_.set(gradient);
    cuda::judge(Array<double>(std::vector<double>{loss}).get(), 1, 0, progress_.get(), report_.get(),
                nullptr);
    if (options_.kind == scumble::OptimizerKind::lbfgs) {
      cuda::lbfgs(update(), progress_.get(), memory_.get(), nullptr);
    } else if (options_.kind == scumble::OptimizerKind::rmsprop) {
      const scumble::RmspropConstants& k = options_.rmsprop;
      cuda::rmsprop(
          {x_.get(), gradient_.get(), pointers_[0], x.size(), options_.learning_rate, k.decay, k.epsilon},
          progress_.get(), nullptr);
    } else {
      const scumble::AdamConstants& k = options_.adam;
      cuda::adam({x_.get(), gradient_.get(), pointers_[0], pointers_[1], x.size(), options_.learning_rate,
                  k.beta1, k.beta2, k.epsilon},
                 progress_.get(), nullptr);
    }
    return x_.values();
  }

  // Everything that a step may change, byte by byte.
  std::vector<std::vector<unsigned char>> bytes() const {
    std::vector<std::vector<unsigned char>> all = {memory_.values()};
    for (const Array<float>& v : vectors_) {
      const Values values = v.values();
      const auto* begin = reinterpret_cast<const unsigned char*>(values.data());
      all.emplace_back(begin, begin + values.size() * sizeof(float));
    }
    return all;
  }

 private:
  cuda::LbfgsUpdate update() const {
    return {x_.get(),  gradient_.get(),        pointers_.data(),   options_.history,
            x_.size(), options_.learning_rate, options_.first_step};
  }

  scumble::OptimizerOptions options_;
  Array<float> x_;
  Array<float> gradient_;
  std::vector<Array<float>> vectors_;
  std::vector<float*> pointers_;
  Array<unsigned char> memory_;
  Array<cuda::Progress> progress_;
  Array<unsigned char> report_{cuda::report_bytes(1)};
};

using Gradient = std::function<Values(const Values&)>;

// A stretched bowl, its axes turned into each other; as steep whatever the number of axes.
Values bowl(const Values& x) {
  const float n = static_cast<float>(x.size());
  Values g(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    g[i] = (1 + 5 * static_cast<float>(i) / n) * x[i] - 3;
    if (i > 0) g[i] += 0.3f * x[i - 1];
    if (i + 1 < x.size()) g[i] += 0.3f * x[i + 1];
  }
  return g;
}

// Two wells per axis: concave in between, so that pairs are refused.
Values wells(const Values& x) {
  Values g(x.size());
  for (size_t i = 0; i < x.size(); ++i) g[i] = x[i] * x[i] * x[i] - x[i];
  return g;
}

double length(const Values& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

std::vector<double> difference(const Values& a, const Values& b) {
  std::vector<double> d(a.size());
  for (size_t i = 0; i < d.size(); ++i) d[i] = static_cast<double>(a[i]) - static_cast<double>(b[i]);
  return d;
}

struct Seen {
  int refused = 0;  // y . s <= 1e-10
  double last_gradient = 0;
};

// Both take each step from the CPU's point, because differences of rounding would grow along the path.
Seen compare(const Gradient& gradient, int width, int height, double low, double high, int history, int steps,
             double tolerance, double first_step = 0) {
  scumble::OptimizerOptions options;
  options.first_step = first_step;
  options.history = history;
  Cpu cpu(width, height, options);
  support::Random random(5);
  Values x = support::uniform(random, static_cast<size_t>(width * height * 3), low, high);
  const Cuda gpu(x.size(), options);
  Values before;
  Values gradient_before;
  Seen seen;
  for (int i = 0; i < steps; ++i) {
    check::at() = std::to_string(width) + "x" + std::to_string(height) + ", history " +
                  std::to_string(history) + ", step " + std::to_string(i);
    const Values g = gradient(x);
    if (i > 0) {
      const std::vector<double> s = difference(x, before);
      const std::vector<double> y = difference(g, gradient_before);
      double ys = 0;
      for (size_t k = 0; k < s.size(); ++k) ys += s[k] * y[k];
      if (!(ys > 1e-10)) ++seen.refused;
    }
    const Values moved = cpu.step(x, g);
    CHECK_ALL_CLOSE(difference(gpu.step(x, g), x), difference(moved, x), tolerance);
    before = x;
    gradient_before = g;
    x = moved;
  }
  seen.last_gradient = length(gradient(x)) / std::sqrt(static_cast<double>(x.size()));
  return seen;
}

}  // namespace

// Histories of less than a group of pairs, one, and several that are not full; all but the longest wrap
// around.
TEST(lbfgs_in_a_bowl) {
  device::in_every_order([] {
    for (const int history : {1, 3, 5, 12}) {
      CHECK(compare(bowl, 5, 7, -4, 4, history, 14, 1e-4).last_gradient < 0.1);
    }
    compare(bowl, 1, 1, -4, 4, 2, 5, 1e-4);
    compare(bowl, 5, 7, -4, 4, 3, 6, 1e-4, 0.5);
    compare(bowl, 41, 53, -4, 4, 3, 6, 1e-4);
  });
}

TEST(lbfgs_refuses_pairs) {
  device::in_every_order([] {
    const Seen seen = compare(wells, 2, 3, 0.01, 0.2, 3, 25, 1e-3);
    CHECK(seen.refused > 0);
    CHECK(seen.last_gradient < 1e-2);
  });
}

// More vectors than one launch can carry.
TEST(lbfgs_with_a_long_history) {
  compare(bowl, 3, 2, -4, 4, 1000, 4, 1e-4);
}

TEST(lbfgs_stands_still_without_a_gradient) {
  scumble::OptimizerOptions options;
  options.history = 2;
  const Cuda gpu(9, options);
  const Values x = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (int i = 0; i < 3; ++i) CHECK(gpu.step(x, Values(9)) == x);
}

// The same bytes again after a new start, in memory that is full of the first run.
TEST(lbfgs_repeats_itself) {
  scumble::OptimizerOptions options;
  options.history = 2;
  const Cuda gpu(3 * 11 * 13, options);
  const auto run = [&] {
    support::Random random(6);
    Values x = support::uniform(random, 3 * 11 * 13, -4, 4);
    for (int i = 0; i < 5; ++i) x = gpu.step(x, bowl(x));
    return x;
  };
  const Values once = run();
  gpu.start();
  CHECK(run() == once);
}

TEST(nothing_moves_once_diverged) {
  for (const auto kind :
       {scumble::OptimizerKind::lbfgs, scumble::OptimizerKind::adam, scumble::OptimizerKind::rmsprop}) {
    scumble::OptimizerOptions options;
    options.kind = kind;
    options.history = 3;
    const Cuda gpu(15, options);
    support::Random random(7);
    Values x = support::uniform(random, 15, -4, 4);
    for (int i = 0; i < 3; ++i) x = gpu.step(x, bowl(x));
    const auto bytes = gpu.bytes();
    for (const double loss : {static_cast<double>(INFINITY), 1.0}) {
      CHECK(gpu.step(x, Values(15, NAN), loss) == x);
      CHECK(gpu.bytes() == bytes);
    }
  }
}

TEST(adam) {
  device::in_every_order([] {
    for (const double beta2 : {0.999, 0.99}) {
      scumble::OptimizerOptions options;
      options.kind = scumble::OptimizerKind::adam;
      options.learning_rate = 0.5;
      options.adam.beta2 = beta2;
      for (const auto& [width, height] : {std::pair{1, 1}, std::pair{5, 7}, std::pair{41, 23}}) {
        Cpu cpu(width, height, options);
        support::Random random(9);
        const size_t n = static_cast<size_t>(width * height * 3);
        Values x = support::uniform(random, n, 0, 255);
        const Cuda gpu(n, options);
        std::vector<double> exact(x.begin(), x.end());
        std::vector<double> m(n);
        std::vector<double> v(n);
        Values found = x;
        for (int t = 1; t <= 10; ++t) {
          check::at() = std::to_string(width) + "x" + std::to_string(height) + ", step " + std::to_string(t);
          const Values g = support::uniform(random, n, -3, 3);
          for (size_t i = 0; i < n; ++i) {
            const double slope = static_cast<double>(g[i]);
            m[i] = 0.9 * m[i] + 0.1 * slope;
            v[i] = beta2 * v[i] + (1 - beta2) * slope * slope;
            exact[i] -=
                0.5 * m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(beta2, t))) + 1e-8);
          }
          x = cpu.step(x, g);
          found = gpu.step(found, g);
          CHECK_ALL_CLOSE(found, exact, 1e-6);
          CHECK_ALL_CLOSE(found, x, 1e-6);
        }
      }
    }
  });
}

TEST(rmsprop) {
  device::in_every_order([] {
    scumble::OptimizerOptions options;
    options.kind = scumble::OptimizerKind::rmsprop;
    options.learning_rate = 0.5;
    for (const auto& [width, height] : {std::pair{1, 1}, std::pair{5, 7}, std::pair{41, 23}}) {
      Cpu cpu(width, height, options);
      support::Random random(10);
      const size_t n = static_cast<size_t>(width * height * 3);
      Values x = support::uniform(random, n, 0, 255);
      const Cuda gpu(n, options);
      std::vector<double> exact(x.begin(), x.end());
      std::vector<double> v(n);
      Values found = x;
      for (int t = 1; t <= 10; ++t) {
        check::at() = std::to_string(width) + "x" + std::to_string(height) + ", step " + std::to_string(t);
        const Values g = support::uniform(random, n, -3, 3);
        for (size_t i = 0; i < n; ++i) {
          const double slope = static_cast<double>(g[i]);
          v[i] = 0.99 * v[i] + 0.01 * slope * slope;
          exact[i] -= 0.5 * slope / (std::sqrt(v[i]) + 1e-8);
        }
        x = cpu.step(x, g);
        found = gpu.step(found, g);
        CHECK_ALL_CLOSE(found, exact, 1e-6);
        CHECK_ALL_CLOSE(found, x, 1e-6);
      }
    }
  });
}

TEST(clamp) {
  device::in_every_order([] {
    support::Random random(11);
    for (const size_t n : {1, 3, 4, 6, 1001}) {
      check::at() = std::to_string(n);
      Values given = support::uniform(random, n, -300, 600);
      given[0] = n == 1 ? -INFINITY : INFINITY;
      Values expected = given;
      for (float& value : expected) value = std::min(std::max(value, 0.0f), 255.0f);
      const Array<float> x(given);
      cuda::Progress progress = device::fresh();
      cuda::clamp(x.get(), n, 0, 255, Array<cuda::Progress>({progress}).get(), nullptr);
      CHECK(x.values() == expected);
      given[n - 1] = NAN;
      x.set(given);
      progress.diverged = 1;
      cuda::clamp(x.get(), n, 0, 255, Array<cuda::Progress>({progress}).get(), nullptr);
      if (n > 1) CHECK(x.values()[0] == given[0]);  // nothing moves
      progress.diverged = 0;
      cuda::clamp(x.get(), n, 0, 255, Array<cuda::Progress>({progress}).get(), nullptr);
      CHECK(std::isnan(x.values()[n - 1]));
    }
  });
}

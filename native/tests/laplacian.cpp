// The picture as a Laplacian pyramid: taken apart and put together again, its gradient by the exact adjoint, and a
// session that optimises coefficients. The reference computes bilinear weights in double from where pixels lie.
#include "../cpp/core/laplacian.h"

#include "../cpp/core/error.h"
#include "../cpp/cpu/kernels/laplacian.h"
#include "kernels.h"
#include "small_session.h"

using scumble::Pyramid;
using scumble::PyramidLevel;

namespace {

using Vector = std::vector<double>;

// height, width, details asked for
struct Case {
  int height;
  int width;
  int details;
};
const std::vector<Case> kCases = {{1, 1, 5}, {1, 9, 2},   {7, 1, 5},   {2, 2, 1},   {2, 3, 5},   {3, 3, 1},
                                  {5, 4, 2}, {17, 31, 5}, {31, 17, 3}, {64, 5, 20}, {33, 47, 1}, {70, 90, 5}};

void say(const Case& at, const std::string& more = "") {
  check::at() = std::to_string(at.height) + "x" + std::to_string(at.width) + ", " +
                std::to_string(at.details) + " details " + more;
}

// The share of pixel j of m in pixel i of n.
double weight(int i, int n, int j, int m) {
  const double place = n == 1 ? 0 : static_cast<double>(i) * (m - 1) / (n - 1);
  return std::max(0.0, 1 - std::abs(place - j));
}

Vector bilinear(const Vector& from, int height, int width, int to_height, int to_width) {
  Vector to(static_cast<size_t>(to_height * to_width * 3));
  for (int y = 0; y < to_height; ++y) {
    for (int x = 0; x < to_width; ++x) {
      for (int j = 0; j < height; ++j) {
        const double row = weight(y, to_height, j, height);
        for (int i = 0; row > 0 && i < width; ++i) {
          const double both = row * weight(x, to_width, i, width);
          for (int c = 0; both > 0 && c < 3; ++c) {
            to[static_cast<size_t>((y * to_width + x) * 3 + c)] +=
                both * from[static_cast<size_t>((j * width + i) * 3 + c)];
          }
        }
      }
    }
  }
  return to;
}

// The transposed matrix, entry by entry.
Vector bilinear_back(const Vector& gradient, int height, int width, int to_height, int to_width) {
  Vector to(static_cast<size_t>(to_height * to_width * 3));
  for (int j = 0; j < to_height; ++j) {
    for (int y = 0; y < height; ++y) {
      const double row = weight(y, height, j, to_height);
      for (int i = 0; row > 0 && i < to_width; ++i) {
        for (int x = 0; x < width; ++x) {
          const double both = row * weight(x, width, i, to_width);
          for (int c = 0; both > 0 && c < 3; ++c) {
            to[static_cast<size_t>((j * to_width + i) * 3 + c)] +=
                both * gradient[static_cast<size_t>((y * width + x) * 3 + c)];
          }
        }
      }
    }
  }
  return to;
}

Vector part(const Vector& all, const PyramidLevel& level) {
  const auto begin = all.begin() + static_cast<ptrdiff_t>(level.offset);
  return {begin, begin + static_cast<ptrdiff_t>(level.elements())};
}

Vector synthesised(const Pyramid& pyramid, const Vector& coefficients) {
  const auto& levels = pyramid.levels();
  Vector picture = part(coefficients, levels.back());
  for (size_t l = levels.size() - 1; l-- > 0;) {
    const Vector detail = part(coefficients, levels[l]);
    picture = bilinear(picture, levels[l + 1].height, levels[l + 1].width, levels[l].height, levels[l].width);
    for (size_t i = 0; i < picture.size(); ++i) picture[i] += detail[i];
  }
  return picture;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vector wide(const std::vector<float>& v) {
  return {v.begin(), v.end()};
}

}  // namespace

TEST(levels) {
  const Pyramid pyramid(50, 21, 5);
  std::vector<std::pair<int, int>> sizes;
  size_t elements = 0;
  for (const PyramidLevel& level : pyramid.levels()) {
    CHECK(level.offset == elements);
    elements += level.elements();
    sizes.emplace_back(level.height, level.width);
  }
  CHECK(sizes == (std::vector<std::pair<int, int>>{{50, 21}, {25, 10}, {12, 5}, {6, 2}, {3, 1}, {1, 1}}));
  CHECK(pyramid.elements() == elements);
  CHECK(pyramid.shape().elements() == elements);
  CHECK(Pyramid(50, 21, 99).levels().size() == 6);  // no more sides to halve
  CHECK(Pyramid(1, 1, 5).levels().size() == 1);
  CHECK(Pyramid(4, 4, 0).levels().size() == 1);
  for (const Case& at : kCases) {
    say(at);
    const Pyramid made(at.height, at.width, at.details);
    const Pyramid same({3, at.height, at.width}, made.shape());
    CHECK(same.levels().size() == made.levels().size());
    CHECK(same.elements() == made.elements());
  }
}

// detail_l = x_l - up(down(x_l)), and back again.
TEST(apart_and_together) {
  Random random(3);
  for (const Case& at : kCases) {
    say(at);
    const Pyramid pyramid(at.height, at.width, at.details);
    const auto& levels = pyramid.levels();
    const auto picture = support::uniform(random, levels[0].elements(), 0, 255);
    const std::vector<float> coefficients = pyramid.analyse(picture.data());
    CHECK(coefficients.size() == pyramid.elements());
    Vector here = wide(picture);
    for (size_t l = 0; l < levels.size(); ++l) {
      Vector expected = here;
      if (l + 1 < levels.size()) {
        const PyramidLevel& to = levels[l + 1];
        here = bilinear(here, levels[l].height, levels[l].width, to.height, to.width);
        const Vector back = bilinear(here, to.height, to.width, levels[l].height, levels[l].width);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] -= back[i];
      }
      const Vector found = part(wide(coefficients), levels[l]);
      for (size_t i = 0; i < found.size(); ++i) CHECK_CLOSE(found[i], expected[i], 2e-4);
      if (l == 0) {
        const auto finest = scumble::finest_detail(picture.data(), at.height, at.width);
        if (levels.size() > 1) CHECK(wide(finest) == found);
        if (at.height * at.width == 1) CHECK(finest == std::vector<float>(3));
      }
    }
    CHECK_ALL_CLOSE(pyramid.synthesise(coefficients), wide(picture), 1e-6);
    // What is left without details is the residual, as large as the picture.
    Vector coarse = part(wide(coefficients), levels.back());
    for (size_t l = levels.size() - 1; l-- > 0;) {
      coarse = bilinear(coarse, levels[l + 1].height, levels[l + 1].width, levels[l].height, levels[l].width);
    }
    CHECK_ALL_CLOSE(scumble::without_details(picture.data(), at.height, at.width, at.details), coarse, 1e-6);
  }
}

TEST(up_and_its_adjoint) {
  Random random(4);
  for (const Case& at : kCases) {
    const Pyramid pyramid(at.height, at.width, 1);
    if (pyramid.levels().size() == 1) continue;
    const PyramidLevel& half = pyramid.levels()[1];
    const auto from = support::uniform(random, half.elements(), -1, 1);
    const auto detail = support::uniform(random, pyramid.levels()[0].elements(), -1, 1);
    const auto gradient = support::uniform(random, pyramid.levels()[0].elements(), -1, 1);
    const Vector raised = bilinear(wide(from), half.height, half.width, at.height, at.width);
    Vector sum = raised;
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(detail[i]);
    const Vector back = bilinear_back(wide(gradient), at.height, at.width, half.height, half.width);
    for (const Isa* isa : support::isas()) {
      say(at, isa->name);
      std::vector<float> to(detail.size(), kGarbage);
      in_parts(at.height, [&](int y0, int y1) {
        kernels::laplacian_up (*isa)(from.data(), half.height, half.width, detail.data(), to.data(),
                                     at.height, at.width, y0, y1);
      });
      CHECK_ALL_CLOSE(to, sum, kElementwise);
      std::vector<float> down(from.size(), kGarbage);
      in_parts(half.height, [&](int y0, int y1) {
        kernels::laplacian_up_back (*isa)(gradient.data(), at.height, at.width, down.data(), half.height,
                                          half.width, y0, y1);
      });
      CHECK_ALL_CLOSE(down, back, kSums);
      CHECK_CLOSE(dot(wide(down), wide(from)), dot(raised, wide(gradient)),
                  1e-6 * static_cast<double>(gradient.size()));
    }
  }
}

// The steps of a plan: the picture is made of the coefficients, and <A c, g> = <c, A^T g>.
TEST(steps_of_a_plan) {
  Random random(5);
  for (const scumble::cpu::Isa* isa : support::isas()) {
    for (const Case& at : kCases) {
      say(at, isa->name);
      const scumble::cpu::CpuBackend backend(*isa);
      scumble::PlanRequest request;
      request.width = at.width;
      request.height = at.height;
      request.details = at.details;
      request.vectors = 2;
      support::add_tv(request.objective, 1);
      const scumble::Plan plan = scumble::Plan::iteration(backend, {}, request);
      const Pyramid pyramid(at.height, at.width, at.details);
      CHECK(plan.buffer(plan.vectors[1]).shape.elements() == pyramid.elements());
      CHECK(plan.buffer(plan.result).shape.elements() == pyramid.levels()[0].elements());
      const auto program = backend.compile({}, plan, 2);
      const auto coefficients = support::uniform(random, pyramid.elements(), -100, 100);
      program->write(plan.variable, coefficients.data());
      double loss = 0;
      program->run(&loss, support::running(), 0);
      std::vector<float> picture(pyramid.levels()[0].elements());
      std::vector<float> gradient(picture.size());
      std::vector<float> of_coefficients(pyramid.elements());
      program->read(plan.picture, picture.data());
      program->read(plan.gradient, gradient.data());
      program->read(plan.variable_gradient, of_coefficients.data());
      CHECK_ALL_CLOSE(picture, synthesised(pyramid, wide(coefficients)), 1e-6);
      const Vector other = wide(support::uniform(random, pyramid.elements(), -1, 1));
      CHECK_CLOSE(dot(wide(of_coefficients), other), dot(wide(gradient), synthesised(pyramid, other)),
                  1e-6 * static_cast<double>(10 + other.size()));
    }
  }
}

namespace {

// A session on the coefficients of two details.
Setup on_coefficients(scumble::OptimizerKind kind) {
  Setup setup;
  setup.options.details = 2;
  setup.options.optimizer.kind = kind;
  setup.options.optimizer.learning_rate = kind == scumble::OptimizerKind::lbfgs ? 1 : 2;
  return setup;
}

constexpr scumble::OptimizerKind kAll[] = {scumble::OptimizerKind::lbfgs, scumble::OptimizerKind::adam,
                                           scumble::OptimizerKind::rmsprop};

}  // namespace

TEST(a_session_begins_at_its_picture) {
  const Setup setup = on_coefficients(scumble::OptimizerKind::adam);
  Setup plain;
  scumble::Session session = setup.session();
  CHECK(result_of(session) == setup.start);
  const double expected = plain.session().evaluate(support::running()).total;
  CHECK_CLOSE(session.evaluate(support::running()).total, expected, 1e-5 * expected);
  CHECK(session.save().vectors.count("picture") == 0);
  CHECK(session.save().vectors.at("variable").size() == Pyramid(kHeight, kWidth, 2).elements());
}

TEST(every_optimiser_goes_down_on_coefficients) {
  for (const auto kind : kAll) {
    check::at() = "optimiser " + std::to_string(static_cast<int>(kind));
    const Setup setup = on_coefficients(kind);
    scumble::Session session = setup.session();
    const double first = session.step(support::running()).total;
    double last = first;
    for (int i = 0; i < 40; ++i) last = session.step(support::running()).total;
    CHECK(last < first / 3);
  }
}

TEST(the_result_of_coefficients_is_a_picture) {
  for (const auto kind : kAll) {
    Setup setup = on_coefficients(kind);
    scumble::Session session = setup.session();
    double best = INFINITY;
    std::vector<float> expected;
    for (int i = 0; i < 12; ++i) {
      const double total = session.step(support::running()).total;
      if (total < best) {
        best = total;
        expected = setup.point();  // synthesised in the step
      }
      CHECK(result_of(session) == expected);
    }
  }
}

// The mean is of pictures, the one that the coefficients stand for now included.
TEST(the_mean_of_coefficients_is_a_mean_of_pictures) {
  Setup setup = on_coefficients(scumble::OptimizerKind::rmsprop);
  setup.options.averaging = 0.7;
  scumble::Session session = setup.session();
  const Pyramid pyramid(kHeight, kWidth, 2);
  Vector sum = wide(setup.start);
  double weight = 1;
  for (int i = 0; i < 6; ++i) {
    session.step(support::running());
    const Vector point = synthesised(pyramid, wide(session.save().vectors.at("variable")));
    Vector mean(sum.size());
    weight = 0.7 * weight + 1;
    for (size_t k = 0; k < sum.size(); ++k) {
      sum[k] = 0.7 * sum[k] + point[k];
      mean[k] = sum[k] / weight;
    }
    CHECK_ALL_CLOSE(result_of(session), mean, 1e-6);
  }
}

TEST(coefficients_go_on_in_the_same_bytes) {
  for (const auto kind : kAll) {
    for (const double averaging : {0.0, 0.8}) {
      Setup setup = on_coefficients(kind);
      setup.options.averaging = averaging;
      scumble::Session whole = setup.session();
      whole.step(support::running(), 3);
      const scumble::State state = whole.save();
      whole.step(support::running(), 4);
      for (int threads = 1; threads <= 3; ++threads) {
        setup.options.threads = threads;
        scumble::Session part = setup.session();
        part.restore(state);
        CHECK(same(part.save(), state));
        part.step(support::running(), 4);
        CHECK(same(part.save(), whole.save()));
        CHECK(result_of(part) == result_of(whole));
      }
    }
  }
}

TEST(states_of_another_variable_are_refused) {
  scumble::Session coefficients = on_coefficients(scumble::OptimizerKind::adam).session();
  scumble::Session pixels = Setup().session();
  coefficients.step(support::running());
  pixels.step(support::running());
  CHECK_THROWS(scumble::InvalidArgument, coefficients.restore(pixels.save()));
  CHECK_THROWS(scumble::InvalidArgument, pixels.restore(coefficients.save()));
  Setup deeper = on_coefficients(scumble::OptimizerKind::adam);
  deeper.options.details = 3;
  scumble::Session other = deeper.session();
  CHECK_THROWS(scumble::InvalidArgument, other.restore(coefficients.save()));
}

TEST(coefficients_are_not_clamped) {
  Setup setup = on_coefficients(scumble::OptimizerKind::adam);
  setup.options.clamp = true;
  CHECK_THROWS(scumble::InvalidArgument, setup.session());
}

// Sessions: what their result is (the best point, or the mean of the points), and what is left of it when a
// run diverges or is cancelled.
#include "../cpp/core/session.h"

#include "../cpp/core/error.h"
#include "check.h"
#include "support.h"

using scumble::Losses;
using scumble::Session;
using scumble::SessionOptions;
using support::Random;

namespace {

constexpr int kWidth = 14;
constexpr int kHeight = 11;

struct Setup {
  explicit Setup(const scumble::cpu::Kernels& table = *support::tables()[0]) : backend(table) {
    Random random(21);
    const auto model = support::random_model(random, {2, 1}, [&] { return random.integer(4, 9); });
    network = backend.load(model.architecture, model.weights);
    content = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    style = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    start = support::uniform(random, kWidth * kHeight * 3, 0, 255);
    options.objective.content = {{"relu2_1", 1}};
    options.objective.style = {{"relu1_1", 0.5}, {"relu2_1", 0.5}};
    options.objective.tv_weight = 1e-3;
    options.optimizer.kind = scumble::OptimizerKind::adam;
    options.optimizer.adam.learning_rate = 5;
  }

  Session session() const {
    return Session(backend, network, options, support::view(content, kWidth, kHeight),
                   {{support::view(style, kWidth, kHeight), 1}}, support::view(start, kWidth, kHeight),
                   support::running());
  }

  // The point that the newest session stands at.
  std::vector<float> point() const {
    std::vector<float> values(content.size());
    backend.newest->read(backend.plans.back().picture, values.data());
    return values;
  }

  support::Recording backend;
  std::shared_ptr<const scumble::Network> network;
  std::vector<float> content;
  std::vector<float> style;
  std::vector<float> start;
  SessionOptions options;
};

std::vector<float> result_of(const Session& session) {
  return session.result().values();
}

}  // namespace

TEST(the_result_before_the_first_step_is_the_start) {
  Setup setup;
  CHECK(result_of(setup.session()) == setup.start);
  setup.options.averaging = 0.9;
  CHECK(result_of(setup.session()) == setup.start);
}

TEST(the_result_is_the_best_point) {
  for (const double learning_rate : {5.0, 150.0}) {
    Setup setup;
    setup.options.optimizer.adam.learning_rate = learning_rate;
    Session session = setup.session();
    double best = INFINITY;
    std::vector<float> expected;
    bool worse = false;
    for (int i = 0; i < 20; ++i) {
      const std::vector<float> here = setup.point();
      const Losses losses = session.step(support::running());
      CHECK(session.iteration() == i + 1);
      double total = losses.tv;
      for (const double loss : losses.content) total += loss;
      for (const double loss : losses.style) total += loss;
      CHECK_CLOSE(losses.total, total, 1e-12 * total);
      if (losses.total < best) {
        best = losses.total;
        expected = here;
      } else {
        worse = true;
      }
      CHECK(result_of(session) == expected);
    }
    CHECK(best < INFINITY);
    CHECK(learning_rate < 100 || worse);
  }
}

TEST(the_result_is_the_mean_of_the_points) {
  const double decay = 0.8;
  Setup setup;
  setup.options.averaging = decay;
  Session session = setup.session();
  std::vector<std::vector<float>> points;
  for (int i = 0; i < 12; ++i) {
    points.push_back(setup.point());
    session.step(support::running());
    std::vector<double> expected(session.elements());
    double weights = 0;
    for (size_t p = 0; p < points.size(); ++p) {
      const double weight = std::pow(decay, static_cast<double>(points.size() - 1 - p));
      weights += weight;
      for (size_t k = 0; k < expected.size(); ++k) expected[k] += weight * static_cast<double>(points[p][k]);
    }
    for (double& v : expected) v /= weights;
    CHECK_ALL_CLOSE(result_of(session), expected, 1e-6);
  }
}

TEST(optimisers_lower_the_loss) {
  for (const auto kind : {scumble::OptimizerKind::adam, scumble::OptimizerKind::lbfgs}) {
    Setup setup;
    setup.options.optimizer.kind = kind;
    setup.options.optimizer.adam.learning_rate = kind == scumble::OptimizerKind::adam ? 5 : 1;
    Session session = setup.session();
    const double first = session.step(support::running()).total;
    double last = first;
    for (int i = 0; i < 40; ++i) last = session.step(support::running()).total;
    CHECK(last < first / 3);
  }
}

TEST(a_diverged_run_keeps_its_result) {
  for (const double averaging : {0.0, 0.9}) {
    Setup setup;
    setup.options.averaging = averaging;
    setup.options.optimizer.adam.learning_rate = 1e30;
    Session session = setup.session();
    CHECK(std::isfinite(session.step(support::running()).total));
    const std::vector<float> before = result_of(session);
    CHECK_ALL_CLOSE(before, setup.start, 1e-6);
    for (int i = 0; i < 2; ++i) {
      CHECK_THROWS(scumble::Diverged, session.step(support::running()));
      CHECK(result_of(session) == before);
    }
  }
}

// Not a number anywhere in the picture must come out as a loss, with whatever terms there are.
TEST(not_a_number_is_seen) {
  for (const auto* table : support::tables()) {
    for (const auto pooling : {scumble::Pooling::max, scumble::Pooling::average, scumble::Pooling::l2}) {
      for (const double tv : {0.0, 1.0}) {
        for (const float poison : {NAN, INFINITY}) {
          check::at() = table->name;
          Setup setup(*table);
          setup.options.pooling = pooling;
          setup.options.objective.tv_weight = tv;
          setup.start[100] = poison;
          Session session = setup.session();
          CHECK_THROWS(scumble::Diverged, session.step(support::running()));
        }
      }
    }
  }
}

TEST(cancelling) {
  Setup setup;
  std::atomic<bool> cancelled{false};
  Session session = setup.session();
  session.step(cancelled);
  const std::vector<float> before = result_of(session);
  const std::vector<float> point = setup.point();
  cancelled = true;
  CHECK_THROWS(scumble::Cancelled, session.step(cancelled));
  CHECK(result_of(session) == before);
  CHECK(setup.point() == point);
  CHECK(session.iteration() == 1);
  CHECK_THROWS(scumble::Cancelled, Session(setup.backend, setup.network, setup.options,
                                           support::view(setup.content, kWidth, kHeight),
                                           {{support::view(setup.style, kWidth, kHeight), 1}},
                                           support::view(setup.start, kWidth, kHeight), cancelled));
  cancelled = false;
  session.step(cancelled);
  CHECK(session.iteration() == 2);
}

// A step that was cut off and repeated gives what an undisturbed one gives.
TEST(evaluating_changes_nothing) {
  Setup setup;
  setup.options.optimizer.kind = scumble::OptimizerKind::lbfgs;
  setup.options.optimizer.adam.learning_rate = 1;
  Session plain = setup.session();
  Session disturbed = setup.session();
  const std::atomic<bool> cancelled{true};
  for (int i = 0; i < 5; ++i) {
    disturbed.evaluate(support::running());
    CHECK_THROWS(scumble::Cancelled, disturbed.step(cancelled));
    CHECK(plain.step(support::running()).total == disturbed.step(support::running()).total);
  }
  CHECK(result_of(plain) == result_of(disturbed));
}

TEST(impossible_sessions) {
  Setup setup;
  const auto content = support::view(setup.content, kWidth, kHeight);
  const std::vector<scumble::StyleImage> styles = {{support::view(setup.style, kWidth, kHeight), 1}};
  const auto make = [&](const scumble::PictureView& start, const std::vector<scumble::StyleImage>& of) {
    Session(setup.backend, setup.network, setup.options, content, of, start, support::running());
  };
  make(content, styles);
  CHECK_THROWS(scumble::InvalidArgument, (make(support::view(setup.start, kHeight, kWidth), styles), 0));
  CHECK_THROWS(scumble::InvalidArgument, (make(content, {}), 0));
  CHECK_THROWS(scumble::InvalidArgument, (make(content, {{support::view(setup.style, 0, 5), 1}}), 0));
}

// Sessions: what their result is (the best point, or the mean of the points), and what is left of it when a
// run diverges or is cancelled.
#include "../cpp/core/session.h"

#include "../cpp/core/error.h"
#include "check.h"
#include "small_session.h"

using scumble::Losses;
using scumble::Session;

TEST(the_result_before_the_first_step_is_the_start) {
  Setup setup;
  CHECK(result_of(setup.session()) == setup.start);
  setup.options.averaging = 0.9;
  CHECK(result_of(setup.session()) == setup.start);
}

TEST(the_result_is_the_best_point) {
  for (const double learning_rate : {5.0, 150.0}) {
    Setup setup;
    setup.options.optimizer.learning_rate = learning_rate;
    Session session = setup.session();
    double best = INFINITY;
    std::vector<float> expected;
    bool worse = false;
    for (int i = 0; i < 20; ++i) {
      const std::vector<float> here = setup.point();
      const Losses losses = session.step(support::running());
      CHECK(session.iteration() == i + 1);
      double total = 0;
      for (const double loss : losses.terms) total += loss;
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
  points.push_back(setup.point());
  for (int i = 0; i < 12; ++i) {
    session.step(support::running());
    points.push_back(setup.point());  // the one it stands at counts
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
  for (const auto kind :
       {scumble::OptimizerKind::adam, scumble::OptimizerKind::lbfgs, scumble::OptimizerKind::rmsprop}) {
    Setup setup;
    setup.options.optimizer.kind = kind;
    setup.options.optimizer.learning_rate = kind == scumble::OptimizerKind::adam ? 5 : 1;
    Session session = setup.session();
    const double first = session.step(support::running()).total;
    double last = first;
    for (int i = 0; i < 40; ++i) last = session.step(support::running()).total;
    CHECK(last < first / 3);
  }
}

// After every move; the start and the moves themselves are as without.
TEST(pixels_are_clamped) {
  for (const auto kind :
       {scumble::OptimizerKind::adam, scumble::OptimizerKind::lbfgs, scumble::OptimizerKind::rmsprop}) {
    Setup setup;
    setup.options.optimizer.kind = kind;
    setup.options.optimizer.learning_rate = 60;
    setup.start[5] = -20;
    Session free = setup.session();
    free.step(support::running());
    std::vector<float> expected = setup.point();
    int outside = 0;
    for (float& value : expected) {
      outside += value < 0 || value > 255 ? 1 : 0;
      value = std::min(std::max(value, 0.0f), 255.0f);
    }
    CHECK(outside > 0);
    setup.options.clamp = true;
    Session session = setup.session();
    CHECK(setup.point() == setup.start);
    session.step(support::running());
    CHECK(setup.point() == expected);
    for (int i = 0; i < 3; ++i) {
      session.step(support::running());
      for (const float value : setup.point()) CHECK(value >= 0 && value <= 255);
    }
  }
}

TEST(a_diverged_run_keeps_its_result) {
  for (const double averaging : {0.0, 0.9}) {
    Setup setup;
    setup.options.averaging = averaging;
    setup.options.optimizer.learning_rate = 1e30;
    Session session = setup.session();
    CHECK(std::isfinite(session.step(support::running()).total));
    for (int i = 0; i < 2; ++i) {
      CHECK_THROWS(scumble::Diverged, session.step(support::running()));
      // The point that it stands at is in no mean now.
      CHECK_ALL_CLOSE(result_of(session), setup.start, 1e-6);
    }
  }
}

// Not a number anywhere in the picture must come out as a loss, with whatever terms there are.
TEST(not_a_number_is_seen) {
  const auto run = [](Setup& setup) {
    for (const float poison : {NAN, INFINITY}) {
      setup.start[100] = poison;
      Session session = setup.session();
      CHECK_THROWS(scumble::Diverged, session.step(support::running()));
    }
  };
  for (const auto* isa : support::isas()) {
    for (const auto pooling : {scumble::Pooling::max, scumble::Pooling::average, scumble::Pooling::l2}) {
      for (const double tv : {0.0, 1.0}) {
        check::at() = isa->name;
        Setup setup(*isa);
        setup.options.pooling = pooling;
        setup.options.objective = support::objective_of({"relu2_1"}, {"relu1_1", "relu2_1"}, tv);
        run(setup);
      }
    }
    for (const char* kind : {"content", "gram", "mean-std", "histogram"}) {
      check::at() = std::string(isa->name) + " " + kind;
      Setup setup(*isa);
      setup.options.objective = {};
      support::add(setup.options.objective, kind, "relu2_1", 1, {{0}});
      run(setup);
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
  CHECK_THROWS(scumble::Cancelled,
               Session(setup.backend, {setup.network}, setup.options, setup.images(), cancelled));
  cancelled = false;
  session.step(cancelled);
  CHECK(session.iteration() == 2);
}

// A step that was cut off and repeated gives what an undisturbed one gives.
TEST(evaluating_changes_nothing) {
  Setup setup;
  setup.options.optimizer.kind = scumble::OptimizerKind::lbfgs;
  setup.options.optimizer.learning_rate = 1;
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
  const Setup setup;
  const auto make = [&](const scumble::SessionImages& images) {
    Session(setup.backend, {setup.network}, setup.options, images, support::running());
  };
  const scumble::SessionImages good = setup.images();
  make(good);
  scumble::SessionImages bad = good;
  bad.start = support::view(setup.start, kHeight, kWidth);
  CHECK_THROWS(scumble::InvalidArgument, (make(bad), 0));
  bad = good;
  bad.targets.pop_back();
  CHECK_THROWS(scumble::InvalidArgument, (make(bad), 0));
  bad = good;
  bad.targets[1] = support::view(setup.style, 0, 5);
  CHECK_THROWS(scumble::InvalidArgument, (make(bad), 0));
}

// Which of its images a term is made of, and what they are blended to, is a matter of indices alone.
TEST(images_may_come_in_any_order) {
  Setup setup;
  Session plain = setup.session();
  scumble::SessionImages images = setup.images();
  std::swap(images.targets[0], images.targets[1]);
  for (scumble::Term& term : setup.options.objective.terms) {
    for (scumble::Target& target : term.targets) target.image = 1 - target.image;
  }
  Session swapped(setup.backend, {setup.network}, setup.options, images, support::running());
  for (int i = 0; i < 3; ++i)
    CHECK(plain.step(support::running()).terms == swapped.step(support::running()).terms);
  CHECK(result_of(plain) == result_of(swapped));
}

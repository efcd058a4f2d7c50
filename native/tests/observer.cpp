// Following a run: whoever looks sees it as the last iteration left it, and may end it there.
#include <optional>

#include "../cpp/core/error.h"
#include "check.h"
#include "small_session.h"

using scumble::Losses;
using scumble::OptimizerKind;
using scumble::Session;
using scumble::State;

namespace {

// What a run looks like, iteration by iteration; from 0, the start.
struct Moment {
  State state;
  std::vector<float> result;
  Losses losses;
};

Moment moment_of(const Session& session, const Losses& losses) {
  return {session.save(), result_of(session), losses};
}

std::vector<Moment> moments_of(const Setup& setup, int iterations) {
  Session session = setup.session();
  std::vector<Moment> found = {moment_of(session, {})};
  for (int i = 0; i < iterations; ++i) {
    const Losses losses = session.step(support::running());
    found.push_back(moment_of(session, losses));
  }
  return found;
}

class Follower final : public scumble::Observer {
 public:
  explicit Follower(const Session& session) : session_(session) {}

  void leaving() override {
    events += "leaving ";
    seen.push_back(moment_of(session_, newest_));
    if (cancel_at && session_.iteration() == *cancel_at) throw scumble::Cancelled();
    if (stop != nullptr && session_.iteration() == 1) *stop = true;
  }
  void arrived(int iteration, const double* losses) override {
    events += std::to_string(iteration) + " ";
    newest_ = session_.losses_of(losses);
    CHECK(session_.iteration() == iteration);
  }

  std::string events;
  std::vector<Moment> seen;
  std::optional<int> cancel_at;
  std::atomic<bool>* stop = nullptr;

 private:
  const Session& session_;
  Losses newest_;
};

void check_same(const Moment& a, const Moment& b) {
  CHECK(same(a.state, b.state));
  CHECK(a.result == b.result);
  CHECK(a.losses.terms == b.losses.terms);
  CHECK(a.losses.total == b.losses.total);
}

std::vector<Setup> setups() {
  std::vector<Setup> found;
  for (const bool adam : {true, false}) {
    for (const double averaging : {0.0, 0.8}) {
      Setup& setup = found.emplace_back();
      setup.options.averaging = averaging;
      if (adam) continue;
      setup.options.optimizer.kind = OptimizerKind::lbfgs;
      setup.options.optimizer.learning_rate = 1;
      setup.options.optimizer.history = 2;
    }
  }
  return found;
}

}  // namespace

TEST(what_is_seen) {
  for (const Setup& setup : setups()) {
    const std::vector<Moment> expected = moments_of(setup, 5);
    Session session = setup.session();
    Follower follower(session);
    session.step(support::running(), 3, follower);
    session.step(support::running(), 2, follower);
    CHECK(follower.events == "leaving 1 leaving 2 leaving 3 leaving 4 leaving 5 ");
    CHECK(follower.seen.size() == 5);
    for (size_t i = 0; i < follower.seen.size(); ++i) check_same(follower.seen[i], expected[i]);
    CHECK(same(session.save(), expected[5].state));
  }
}

TEST(ended_in_leaving) {
  for (const Setup& setup : setups()) {
    const std::vector<Moment> expected = moments_of(setup, 6);
    for (const int at : {0, 3}) {
      Session session = setup.session();
      Follower follower(session);
      follower.cancel_at = at;
      CHECK_THROWS(scumble::Cancelled, session.step(support::running(), 6, follower));
      CHECK(session.iteration() == at);
      CHECK(follower.seen.size() == static_cast<size_t>(at) + 1);
      check_same(moment_of(session, expected[static_cast<size_t>(at)].losses),
                 expected[static_cast<size_t>(at)]);
      // And it may go on.
      session.step(support::running(), 6 - at);
      CHECK(same(session.save(), expected[6].state));
    }
  }
}

// While it is being looked at, a run is told to stop: the iteration under way is the last.
TEST(cancelled_in_leaving) {
  const Setup setup;
  const std::vector<Moment> expected = moments_of(setup, 2);
  Session session = setup.session();
  Follower follower(session);
  std::atomic<bool> cancelled{false};
  follower.stop = &cancelled;
  CHECK_THROWS(scumble::Cancelled, session.step(cancelled, 6, follower));
  CHECK(follower.events == "leaving 1 leaving 2 ");
  CHECK(same(session.save(), expected[2].state));
}

TEST(diverged_after_leaving) {
  for (const double averaging : {0.0, 0.9}) {
    Setup setup;
    setup.options.averaging = averaging;
    setup.options.optimizer.learning_rate = 1e30;
    const std::vector<Moment> expected = moments_of(setup, 1);
    Session session = setup.session();
    Follower follower(session);
    int diverged = 0;
    try {
      session.step(support::running(), 6, follower);
    } catch (const scumble::Diverged& error) {
      diverged = error.iteration;
    }
    CHECK(diverged == 2);
    CHECK(follower.events == "leaving 1 leaving ");
    check_same(follower.seen.back(), expected[1]);
    // A mean loses the point that turned out to have no loss.
    CHECK_ALL_CLOSE(result_of(session), setup.start, 1e-6);
  }
}

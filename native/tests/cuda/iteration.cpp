// Iterations on the CUDA backend: against the CPU's, what is seen of them, and how they end.
#include <optional>
#include <thread>

#include "../../cpp/core/error.h"
#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

// Iterations as graphs, optimiser and all, end where the CPU's do; the same bytes in one batch or in many,
// and twice.
TEST(cuda_iterations) {
  for (const Way& way : kWays) {
    check::at() = way.name;
    const bool lbfgs = way.kind == scumble::OptimizerKind::lbfgs;
    const Job of = way.on(make(Pooling::average, {17, 18}, 5, 3));
    scumble::Session exact = of.start(cpu_backend());
    const CudaBackend backend(0, Arithmetic::float32);
    scumble::Session single = of.start(backend);
    scumble::Session batch = of.start(backend);
    for (int i = 1; i <= 8; ++i) {
      const double expected = exact.step(support::running()).total;
      // L-BFGS makes its steps of differences of gradients, in which rounding counts for more from step to
      // step.
      const double tolerance = lbfgs && i > 2 ? 0.1 : 1e-3;
      CHECK_CLOSE(single.step(support::running()).total, expected, tolerance * expected);
      CHECK(single.iteration() == i);
    }
    batch.step(support::running(), 5);
    batch.step(support::running(), 3);
    CHECK(batch.iteration() == 8);
    CHECK_ALL_CLOSE(result_of(single), result_of(exact), lbfgs ? 2e-2 : 1e-3);
    CHECK(result_of(batch) == result_of(single));
  }
}

// Where the device moves coefficients by L-BFGS, or clamps, the CPU does the same.
TEST(cuda_variables) {
  const std::vector<Way> ways = {{scumble::OptimizerKind::lbfgs, 0, "lbfgs on coefficients", 2},
                                 {scumble::OptimizerKind::rmsprop, 0, "rmsprop, clamped", 0, true}};
  for (const Way& way : ways) {
    check::at() = way.name;
    const Job of = way.on(make(Pooling::average, {5, 4}, 3, 2));
    scumble::Session exact = of.start(cpu_backend());
    scumble::Session session = of.start(CudaBackend(0, Arithmetic::float32));
    for (int i = 0; i < 3; ++i) {
      const double expected = exact.step(support::running()).total;
      CHECK_CLOSE(session.step(support::running()).total, expected, 1e-2 * expected);
    }
    CHECK_ALL_CLOSE(result_of(session), result_of(exact), 1e-2);
    if (!way.clamp) continue;
    const scumble::State state = session.save();
    for (const float value : state.vectors.at("picture")) CHECK(value >= 0 && value <= 255);
  }
}

// What was the result when it was asked for, whatever the session does meanwhile.
TEST(cuda_snapshot) {
  const Job of = make(Pooling::max, {9, 10}, 4, 2);
  const CudaBackend backend(0, Arithmetic::float32);
  auto session = std::make_unique<scumble::Session>(of.start(backend));
  session->step(support::running(), 2);
  const std::vector<float> expected = result_of(*session);
  scumble::Result early = session->result();
  scumble::Result late = session->result();
  const scumble::Result forgotten = session->result();
  session->step(support::running(), 3);
  CHECK(early.values() == expected);
  CHECK(result_of(*session) != expected);
  session.reset();
  CHECK(late.values() == expected);
}

// A divergence is found within the batch, and what was good before it stays.
TEST(cuda_divergence) {
  Job of = make(Pooling::max, {9, 10}, 4, 2);
  of.options.optimizer.kind = scumble::OptimizerKind::adam;
  of.options.optimizer.learning_rate = 1e30;
  const CudaBackend backend(0, Arithmetic::float32);
  scumble::Session session = of.start(backend);
  CHECK_THROWS(scumble::Diverged, session.step(support::running(), 6));
  CHECK(session.iteration() == 2);
  CHECK(result_of(session) == of.content);
}

TEST(cuda_cancelled) {
  const Job of = make(Pooling::max, {9, 10}, 4, 2);
  const CudaBackend backend(0, Arithmetic::float32);
  scumble::Session session = of.start(backend);
  const std::atomic<bool> cancelled{true};
  CHECK_THROWS(scumble::Cancelled, session.step(cancelled, 5));
  CHECK(session.iteration() == 0);
  session.step(support::running());
}

// Sessions on streams of their own, from threads of their own.
TEST(cuda_sessions_side_by_side) {
  const Job of = make(Pooling::max, {17, 18}, 4, 3);
  const CudaBackend backend(0, Arithmetic::float32);
  scumble::Session alone = of.start(backend);
  alone.step(support::running(), 3);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&of, &backend, &result] {
      scumble::Session session = of.start(backend);
      session.step(support::running(), 3);
      result = result_of(session);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == result_of(alone));
}

namespace {

// What a run looks like between iterations.
struct Moment {
  scumble::State state;
  std::vector<float> result;
};

Moment moment_of(const scumble::Session& session) {
  return {session.save(), result_of(session)};
}

// Looks at everything, and ends the run where it is told to.
class Follower final : public scumble::Observer {
 public:
  explicit Follower(const scumble::Session& session, std::optional<int> cancel_at = std::nullopt)
      : session_(session), cancel_at_(cancel_at) {}

  void leaving() override {
    events += "leaving ";
    seen.push_back(moment_of(session_));
    if (cancel_at_ == session_.iteration()) throw scumble::Cancelled();
  }
  void arrived(int iteration, const double* losses) override {
    events += std::to_string(iteration) + " ";
    CHECK(session_.iteration() == iteration);
    totals.push_back(session_.losses_of(losses).total);
  }

  std::string events;
  std::vector<Moment> seen;
  std::vector<double> totals;

 private:
  const scumble::Session& session_;
  std::optional<int> cancel_at_;
};

}  // namespace

// Whoever follows a run sees it as single steps leave it, though the next evaluation is on its way, and may end it
// there.
TEST(cuda_observers) {
  const CudaBackend backend(0, Arithmetic::float32);
  for (const Way& way : kWays) {
    check::at() = way.name;
    const Job of = way.on(make(Pooling::average, {5, 4}, 3, 2));
    scumble::Session single = of.start(backend);
    std::vector<Moment> moments = {moment_of(single)};
    std::vector<double> totals;
    for (int i = 0; i < 4; ++i) {
      totals.push_back(single.step(support::running()).total);
      moments.push_back(moment_of(single));
    }
    scumble::Session session = of.start(backend);
    Follower follower(session);
    session.step(support::running(), 3, follower);
    session.step(support::running(), 1, follower);
    CHECK(follower.events == "leaving 1 leaving 2 leaving 3 leaving 4 ");
    CHECK(follower.totals == totals);
    for (size_t i = 0; i < follower.seen.size(); ++i) {
      CHECK(same(follower.seen[i].state, moments[i].state));
      CHECK(follower.seen[i].result == moments[i].result);
    }
    for (const int at : {0, 2}) {
      check::at() = std::string(way.name) + ", ended after " + std::to_string(at);
      scumble::Session ended = of.start(backend);
      Follower ending(ended, at);
      CHECK_THROWS(scumble::Cancelled, ended.step(support::running(), 4, ending));
      CHECK(ended.iteration() == at);
      CHECK(ending.totals.size() == static_cast<size_t>(at));
      CHECK(same(ended.save(), moments[static_cast<size_t>(at)].state));
      // And it may go on.
      ended.step(support::running(), 4 - at);
      CHECK(same(ended.save(), moments[4].state));
    }
  }
}

// Told to stop while it is being looked at: the iteration under way is the last.
TEST(cuda_cancelled_while_looked_at) {
  const Job of = make(Pooling::max, {5, 4}, 3, 2);
  scumble::Session session = of.start(CudaBackend(0, Arithmetic::float32));
  std::atomic<bool> cancelled{false};
  struct Stop final : scumble::Observer {
    std::atomic<bool>& flag;
    int arrivals = 0;
    explicit Stop(std::atomic<bool>& f) : flag(f) {}
    void leaving() override { flag = true; }
    void arrived(int, const double*) override { ++arrivals; }
  } stop(cancelled);
  CHECK_THROWS(scumble::Cancelled, session.step(cancelled, 6, stop));
  CHECK(session.iteration() == 1);
  CHECK(stop.arrivals == 1);
}

// A divergence is thrown when it has been heard of; the point enters nothing, and the run may go on from there,
// as on the CPU.
TEST(cuda_diverges_as_the_cpu) {
  for (const double averaging : {0.0, 0.9}) {
    Job of = make(Pooling::max, {5, 4}, 3, 2);
    of.options.optimizer.kind = scumble::OptimizerKind::adam;
    of.options.optimizer.learning_rate = 1e30;
    of.options.averaging = averaging;
    scumble::Session exact = of.start(cpu_backend());
    scumble::Session session = of.start(CudaBackend(0, Arithmetic::float32));
    for (int round = 0; round < 2; ++round) {
      Follower expected(exact);
      Follower follower(session);
      int at = 0;
      CHECK_THROWS(scumble::Diverged, exact.step(support::running(), 4, expected));
      try {
        session.step(support::running(), 4, follower);
      } catch (const scumble::Diverged& error) {
        at = error.iteration;
      }
      CHECK(at == exact.iteration() && session.iteration() == at);
      CHECK(follower.events == expected.events);
      CHECK(session.save().numbers.at("iteration") == exact.save().numbers.at("iteration"));
      CHECK(session.save().numbers.at("adam.steps") == exact.save().numbers.at("adam.steps"));
      CHECK(session.save().numbers.at("mean") == exact.save().numbers.at("mean"));
      CHECK(result_of(session) == result_of(exact));
    }
  }
}

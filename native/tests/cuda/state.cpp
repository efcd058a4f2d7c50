// Where a run on CUDA stands, as data: saved at whatever moment and restored elsewhere, on the CPU too, it goes on
// from there; what does not fit is refused and changes nothing.
#include "../../cpp/core/error.h"
#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else
using scumble::InvalidArgument;
using scumble::Session;
using scumble::State;

namespace {

Job small(const Way& way) {
  return way.on(make(Pooling::average, {5, 4}, 3, 2));
}

const CudaBackend& backend() {
  static const CudaBackend one(0, Arithmetic::float32);
  return one;
}

size_t pairs_of(const State& state) {
  size_t n = 0;
  while (state.vectors.count("lbfgs.s." + std::to_string(n)) > 0) ++n;
  return n;
}

void check_refused(Session& session, const State& state, const std::string& what) {
  check::at() = what;
  const State before = session.save();
  CHECK_THROWS(InvalidArgument, session.restore(state));
  CHECK(same(session.save(), before));
}

}  // namespace

// With L-BFGS the ring of three pairs wraps around.
TEST(the_same_bytes_go_on_from_any_moment) {
  constexpr int kIterations = 8;
  for (const Way& way : kWays) {
    const Job of = small(way);
    Session whole = of.start(backend());
    std::vector<State> states = {whole.save()};
    for (int i = 0; i < kIterations; ++i) {
      whole.step(support::running());
      states.push_back(whole.save());
    }
    if (way.kind == scumble::OptimizerKind::lbfgs) CHECK(pairs_of(states.back()) == 3);
    Session part = of.start(backend());
    for (const int at : {6, 0, 4}) {
      check::at() = std::string(way.name) + ", saved after " + std::to_string(at);
      part.step(support::running());  // wherever it stood
      part.restore(states[static_cast<size_t>(at)]);
      CHECK(part.iteration() == at);
      CHECK(same(part.save(), states[static_cast<size_t>(at)]));
      part.step(support::running());
      CHECK(same(part.save(), states[static_cast<size_t>(at) + 1]));
      part.step(support::running(), kIterations - at - 1);
      CHECK(same(part.save(), states.back()));
      CHECK(result_of(part) == result_of(whole));
    }
  }
}

// What one backend saved the other goes on from: the same data, and steps that differ by rounding.
TEST(the_cpu_and_a_gpu_take_over_from_each_other) {
  for (const Way& way : kWays) {
    const Job of = small(way);
    const std::vector<const scumble::Backend*> both = {&cpu_backend(), &backend()};
    for (size_t from = 0; from < both.size(); ++from) {
      Session one = of.start(*both[from]);
      Session other = of.start(*both[1 - from]);
      for (const int more : {1, 4}) {
        one.step(support::running(), more);
        const State state = one.save();
        check::at() = std::string(way.name) + ", after " + std::to_string(one.iteration());
        other.restore(state);
        CHECK(same(other.save(), state));
        CHECK(result_of(other) == result_of(one));
        Session same_kind = of.start(*both[from]);
        same_kind.restore(state);
        const double expected = same_kind.step(support::running(), 2).total;
        CHECK_CLOSE(other.step(support::running(), 2).total, expected, 1e-3 * expected);
      }
    }
  }
}

// Moments outlive a scale: another session takes them with a count of updates of their own.
TEST(moments_move_to_a_fresh_session) {
  const Job of = small(kWays[0]);
  Session before = of.start(backend());
  before.step(support::running(), 3);
  Session fresh = of.start(backend());
  Session exact = of.start(cpu_backend());
  State carried = fresh.save();
  for (const char* name : {"adam.m", "adam.v"}) carried.vectors[name] = before.save().vectors.at(name);
  carried.numbers["adam.steps"] = {3};
  fresh.restore(carried);
  exact.restore(carried);
  CHECK(fresh.iteration() == 0);
  fresh.step(support::running());
  exact.step(support::running());
  CHECK(fresh.save().numbers.at("adam.steps")[0] == 4);
  CHECK_ALL_CLOSE(fresh.save().vectors.at("picture"), exact.save().vectors.at("picture"), 1e-6);
  CHECK(fresh.save().numbers.at("iteration") == exact.save().numbers.at("iteration"));
}

TEST(what_does_not_fit_is_refused) {
  for (const Way& way : kWays) {
    const Job of = small(way);
    Session saved = of.start(backend());
    saved.step(support::running(), 3);
    const State good = saved.save();
    Session session = of.start(backend());
    session.step(support::running(), 2);
    for (const auto& [name, values] : good.vectors) {
      State bad = good;
      bad.vectors.erase(name);
      check_refused(session, bad, std::string(way.name) + " without " + name);
      bad = good;
      bad.vectors[name].pop_back();
      check_refused(session, bad, std::string(way.name) + " with a short " + name);
    }
    for (const auto& [name, values] : good.numbers) {
      State bad = good;
      bad.numbers.erase(name);
      check_refused(session, bad, std::string(way.name) + " without " + name);
      bad = good;
      bad.numbers[name].push_back(1);
      check_refused(session, bad, std::string(way.name) + " with a long " + name);
    }
    session.restore(good);
    CHECK(same(session.save(), good));
  }
  Job longer = small(kWays[2]);
  longer.options.optimizer.history = 4;
  Session remembers = longer.start(backend());
  remembers.step(support::running(), 6);
  CHECK(pairs_of(remembers.save()) == 4);
  Session forgets = small(kWays[2]).start(backend());
  check_refused(forgets, remembers.save(), "a longer history");
}

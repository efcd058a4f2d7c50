// Where a run stands, as data: saved at whatever moment and restored elsewhere, it goes on in the same bytes;
// what does not fit is refused and changes nothing.
#include "../cpp/core/state.h"

#include <functional>

#include "../cpp/core/error.h"
#include "../cpp/cpu/vectors.h"
#include "check.h"
#include "small_session.h"

using scumble::InvalidArgument;
using scumble::OptimizerKind;
using scumble::Session;
using scumble::State;

namespace {

size_t pairs_of(const State& state) {
  size_t n = 0;
  while (state.vectors.count("lbfgs.s." + std::to_string(n)) > 0) ++n;
  return n;
}

Setup adam(double averaging) {
  Setup setup;
  setup.options.averaging = averaging;
  return setup;
}

Setup rmsprop() {
  Setup setup;
  setup.options.optimizer.kind = OptimizerKind::rmsprop;
  setup.options.optimizer.learning_rate = 1;
  return setup;
}

Setup lbfgs(int history) {
  Setup setup;
  setup.options.optimizer.kind = OptimizerKind::lbfgs;
  setup.options.optimizer.learning_rate = 1;
  setup.options.optimizer.history = history;
  return setup;
}

// Saves after every iteration and goes on from there in a session of its own.
std::vector<State> check_every_moment(const Setup& setup, int iterations) {
  Session whole = setup.session();
  std::vector<State> states = {whole.save()};
  for (int i = 0; i < iterations; ++i) {
    whole.step(support::running());
    states.push_back(whole.save());
  }
  for (int i = 0; i <= iterations; ++i) {
    check::at() = "saved after " + std::to_string(i);
    Session part = setup.session();
    // Wherever it stood.
    part.step(support::running(), 1 + i % 3);
    part.restore(states[static_cast<size_t>(i)]);
    CHECK(part.iteration() == i);
    CHECK(same(part.save(), states[static_cast<size_t>(i)]));
    for (int k = i; k < iterations; ++k) {
      part.step(support::running());
      CHECK(same(part.save(), states[static_cast<size_t>(k + 1)]));
    }
    CHECK(result_of(part) == result_of(whole));
  }
  return states;
}

// Refuses the state and is as it was.
void check_refused(Session& session, const State& state, const std::string& what) {
  check::at() = what;
  const State before = session.save();
  CHECK_THROWS(InvalidArgument, session.restore(state));
  CHECK(same(session.save(), before));
}

// Everything that may be missing or of another size.
void check_defects(const Setup& setup, int iterations) {
  Session saved = setup.session();
  saved.step(support::running(), iterations);
  const State good = saved.save();
  Session session = setup.session();
  session.step(support::running(), 2);
  for (const auto& [name, values] : good.vectors) {
    State bad = good;
    bad.vectors.erase(name);
    check_refused(session, bad, "without " + name);
    bad = good;
    bad.vectors[name].pop_back();
    check_refused(session, bad, "a short " + name);
    bad.vectors[name].clear();
    check_refused(session, bad, "an empty " + name);
  }
  for (const auto& [name, values] : good.numbers) {
    State bad = good;
    bad.numbers.erase(name);
    check_refused(session, bad, "without " + name);
    bad = good;
    bad.numbers[name].push_back(1);
    check_refused(session, bad, "a long " + name);
  }
  for (const char* name : {"iteration", "adam.steps"}) {
    if (good.numbers.count(name) == 0) continue;
    for (const double value : {-1.0, 0.5, 1e10, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
      State bad = good;
      bad.numbers[name].back() = value;
      check_refused(session, bad, std::string(name) + " of " + std::to_string(value));
    }
  }
  check::at() = "after refusals";
  Session undisturbed = setup.session();
  undisturbed.step(support::running(), 5);
  session.step(support::running(), 3);
  CHECK(same(session.save(), undisturbed.save()));
  session.restore(good);
  CHECK(same(session.save(), good));
}

}  // namespace

TEST(adam_goes_on) {
  for (const double averaging : {0.0, 0.8}) {
    const std::vector<State> states = check_every_moment(adam(averaging), 6);
    CHECK(states[4].numbers.at("adam.steps")[0] == 4);
    CHECK((states[4].numbers.at("mean")[0] > 0) == (averaging > 0));
  }
}

TEST(rmsprop_goes_on) {
  Setup setup = rmsprop();
  check_every_moment(setup, 5);
  setup.options.clamp = true;
  const std::vector<State> states = check_every_moment(setup, 5);
  CHECK(states[4].vectors.count("rmsprop.v") == 1);
}

TEST(lbfgs_goes_on) {
  const std::vector<State> states = check_every_moment(lbfgs(3), 8);
  CHECK(pairs_of(states[0]) == 0);
  CHECK(pairs_of(states[1]) == 0);
  CHECK(pairs_of(states[3]) == 2);
  CHECK(pairs_of(states[8]) == 3);
}

// Total variation alone is flat nearly everywhere: hardly a pair has a curvature.
TEST(lbfgs_goes_on_after_rejected_pairs) {
  Setup setup = lbfgs(3);
  setup.options.objective = {};
  support::add_tv(setup.options.objective, 1e-4);
  const std::vector<State> states = check_every_moment(setup, 5);
  CHECK(pairs_of(states[5]) < 3);
}

// By itself, on a function that is concave in places: pairs are taken, refused, and dropped for new ones.
TEST(lbfgs_goes_on_in_wells) {
  constexpr int kSteps = 30;
  struct Run {
    scumble::Plan plan;
    std::unique_ptr<scumble::cpu::Workspace> workspace;
    std::unique_ptr<scumble::Vectors> vectors;
    std::unique_ptr<scumble::Optimizer> optimizer;

    Run() {
      const scumble::cpu::Isa& isa = *support::isas()[0];
      scumble::OptimizerOptions options;
      options.history = 3;
      scumble::PlanRequest request;
      request.width = 5;
      request.height = 1;
      request.vectors = vectors_of(options);
      support::add_tv(request.objective, 1);
      plan = scumble::Plan::iteration(scumble::cpu::CpuBackend(isa), {}, request);
      workspace = std::make_unique<scumble::cpu::Workspace>(scumble::cpu::Machine{isa, false, 1},
                                                            scumble::Networks{}, plan, 0);
      vectors = std::make_unique<scumble::cpu::CpuVectors>(*workspace);
      optimizer = make_optimizer(options, plan.vectors);
      support::Random random(5);
      vectors->set(plan.picture, support::uniform(random, 15, 0.01, 0.2));
    }
    std::vector<float> point() const { return vectors->values(plan.picture); }
    void step() const {
      std::vector<float> gradient;
      for (const float x : point()) gradient.push_back(x * x * x - x);
      vectors->set(plan.gradient, gradient);
      optimizer->step(*vectors, plan.picture, plan.gradient);
    }
    State save() const {
      State state;
      optimizer->save(*vectors, state);
      state.vectors["picture"] = point();
      return state;
    }
  };
  const Run whole;
  std::vector<State> states = {whole.save()};
  int rejected = 0;
  int dropped = 0;
  for (int i = 0; i < kSteps; ++i) {
    whole.step();
    states.push_back(whole.save());
    const State& before = states[states.size() - 2];
    if (i == 0) continue;
    if (states.back().numbers == before.numbers) {
      ++rejected;
    } else if (pairs_of(before) == 3) {
      ++dropped;
    }
  }
  CHECK(rejected > 0);
  CHECK(dropped > 0);
  for (size_t i = 0; i <= kSteps; ++i) {
    check::at() = "saved after " + std::to_string(i);
    const Run part;
    part.step();
    part.optimizer->restore(*part.vectors, states[i]);
    part.vectors->set(part.plan.picture, states[i].vectors.at("picture"));
    CHECK(same(part.save(), states[i]));
    for (size_t k = i; k < kSteps; ++k) part.step();
    CHECK(same(part.save(), states[kSteps]));
  }
}

TEST(what_does_not_fit_is_refused) {
  check_defects(adam(0), 4);
  check_defects(adam(0.8), 4);
  check_defects(rmsprop(), 4);
  check_defects(lbfgs(3), 1);
  check_defects(lbfgs(3), 3);
  check_defects(lbfgs(3), 6);
}

TEST(another_run_is_refused) {
  Session with_adam = adam(0).session();
  Session with_lbfgs = lbfgs(4).session();
  check_refused(with_lbfgs, with_adam.save(), "adam's, before the first step");
  check_refused(with_adam, with_lbfgs.save(), "lbfgs's, before the first step");
  with_adam.step(support::running(), 3);
  with_lbfgs.step(support::running(), 6);
  const State longer = with_lbfgs.save();
  check_refused(with_lbfgs, with_adam.save(), "adam's");
  check_refused(with_adam, longer, "lbfgs's");
  Session with_rmsprop = rmsprop().session();
  with_rmsprop.step(support::running());
  check_refused(with_adam, with_rmsprop.save(), "rmsprop's");
  check_refused(with_rmsprop, with_adam.save(), "adam's");
  CHECK(pairs_of(longer) == 4);
  Session shorter = lbfgs(3).session();
  shorter.step(support::running(), 2);
  check_refused(shorter, longer, "a longer history");
  // A shorter one is none: it is full later.
  check::at() = "a shorter history";
  Session wider = lbfgs(5).session();
  wider.restore(longer);
  CHECK(same(wider.save(), longer));
  wider.step(support::running());
  CHECK(pairs_of(wider.save()) == 5);
}

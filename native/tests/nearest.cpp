// Nearest neighbours: the operations by every instruction set, then the term in whole objectives.
#include "nearest.h"

#include "check_both.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about objectives
using scumble::cpu::CpuBackend;

TEST(matches_of_a_grid) {
  for (const scumble::cpu::Isa* isa : support::isas()) nearest::check_look_up(CpuBackend(*isa), isa->name);
}

TEST(nearest_rows) {
  for (const scumble::cpu::Isa* isa : support::isas()) nearest::check_nearest(CpuBackend(*isa), isa->name);
}

TEST(nearest_rows_by_any_number_of_threads) {
  Random random(3);
  const reference::Matrix a = reference::Units(nearest::matrix(random, 700, 40)).rows;
  const reference::Matrix b = reference::Units(nearest::matrix(random, 1500, 40)).rows;
  const CpuBackend backend(scumble::cpu::isa());
  const nearest::Found one = nearest::find(backend, a, b, 0.05, 1);
  const nearest::Found three = nearest::find(backend, a, b, 0.05, 3);
  CHECK(one.matches == three.matches);
  CHECK(one.again == three.again);
  CHECK(one.gradient == three.gradient);
  CHECK(one.loss == three.loss);
}

// A diverged picture cannot hide among neighbours.
TEST(not_a_number) {
  for (const scumble::cpu::Isa* isa : support::isas()) {
    check::at() = isa->name;
    Random random(4);
    reference::Matrix a = nearest::matrix(random, 9, 5);
    const reference::Matrix b = nearest::matrix(random, 40, 5);
    a.at(3, 2) = NAN;
    CHECK(!std::isfinite(nearest::find(CpuBackend(*isa), a, b, 0.05).loss));
  }
}

TEST(objectives) {
  const auto with = [](const std::string& name, const std::vector<const char*>& layers, double occurrence) {
    Case of = small_case(name);
    for (const char* layer : layers)
      support::add(of.objective, "nearest", layer, 1, kStyle).parameters["occurrence"] = occurrence;
    return of;
  };
  check_both(with("one layer", {"relu2_1"}, 0), 30000);
  check_both(with("one layer, with occurrence", {"relu1_2"}, 0.05), 30100);
  check_both(with("several layers", {"conv1_2", "relu2_1", "pool1"}, 0.02), 30200);
  Case of = with("beside others", {"relu2_1"}, 0.05);
  support::add(of.objective, "gram", "relu2_1", 1, kStyle);
  support::add(of.objective, "content", "relu1_1", 1, kContent);
  support::add(of.objective, "nearest", "relu1_1", 1, {{1}});
  support::add_tv(of.objective, 1);
  check_both(of, 30300);
  of = with("masked", {"relu1_1", "relu2_1"}, 0.05);
  of.masks = {{4, 5}, {9, 11}};
  of.objective.terms[0].mask = 0;
  of.objective.terms[0].targets[1].mask = 1;
  of.objective.terms[1].mask = 1;
  check_both(of, 30400);
  of = with("one position", {"relu1_1"}, 0.05);
  of.content = {1, 1};
  check_both(of, 30500);
}

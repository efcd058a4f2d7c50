// Sliced Wasserstein distances: the operations and the term against the reference in double, on every instruction set, and
// the reference against finite differences.
#include "sliced_wasserstein.h"

namespace {

template <typename Check>
void on_every_isa(const Check& check) {
  for (const scumble::cpu::Isa* isa : support::isas()) {
    check::at() = isa->name;
    check(scumble::cpu::CpuBackend(*isa));
  }
}

}  // namespace

TEST(directions_by_lot) {
  on_every_isa(sliced::check_directions);
}

// No axis is favoured: the mean of the squares of each coordinate is 1 / channels.
TEST(directions_favour_none) {
  const size_t rows = 4000;
  const size_t channels = 6;
  const reference::Matrix found = reference::directions(3, 5, rows, channels);
  for (size_t i = 0; i < channels; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = 0; k < rows; ++k) sum += found.at(k, i) * found.at(k, j);
      CHECK_CLOSE(sum / rows, i == j ? 1.0 / channels : 0, 0.015);
    }
  }
}

TEST(all_cells_of_a_grid) {
  on_every_isa(sliced::check_cells);
}

TEST(differences_of_what_is_sorted) {
  on_every_isa(sliced::check_sorted_difference);
}

TEST(differences_of_what_is_sorted_on_any_number_of_threads) {
  support::Random random(5);
  const sliced::Rows rows{37, 300, 411};
  const std::vector<float> in = sliced::values(random, rows.rows * rows.of_picture);
  const std::vector<float> other = sliced::values(random, rows.rows * rows.of_target);
  const scumble::cpu::CpuBackend backend(*support::isas().front());
  double alone = 0;
  const std::vector<float> expected = sliced::sorted_difference(backend, rows, in, other, alone, 1);
  for (const int threads : {2, 3, 8}) {
    double loss = 0;
    CHECK(sliced::sorted_difference(backend, rows, in, other, loss, threads) == expected);
    CHECK(loss == alone);
  }
}

TEST(sliced_wasserstein_in_objectives) {
  on_every_isa(sliced::check_objectives);
}

// Ranks and directions held.
TEST(sliced_wasserstein_by_differences) {
  uint64_t seed = 20000;
  for (const sliced::Case& of : sliced::objectives()) {
    check::at() = of.name;
    const sliced::Prepared made = sliced::drawn(of, seed);
    const std::vector<double>& gradient = made.held.point.gradient.values;
    const double norm = reference::norm(gradient);
    support::Random random(seed);
    int compared = 0;
    for (int i = 0; i < 6; ++i) {
      const size_t at = random.bits() % gradient.size();
      const auto slope = [&](double step) {
        reference::Tensor moved = made.setting.start;
        moved.values[at] += step;
        const double above = evaluate(made.setting.scene, moved, &made.held).point.losses.total;
        moved.values[at] -= 2 * step;
        return (above - evaluate(made.setting.scene, moved, &made.held).point.losses.total) / (2 * step);
      };
      const double fine = slope(5e-4);
      if (std::abs(slope(1e-3) - fine) > 1e-6 * norm) continue;  // a kink within the step
      ++compared;
      CHECK_CLOSE(fine, gradient[at], 1e-6 * norm);
    }
    CHECK(compared >= 3);
    seed += 100;
  }
}

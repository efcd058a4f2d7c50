// The whole objective and its gradient: the engine on the CPU against the reference, and the reference against finite
// differences. Include it after check.h.
#pragma once

#include "cases.h"

namespace cases {

inline void check_cpu(const Case& of, const Setting& s) {
  for (const scumble::cpu::Isa* isa : support::isas()) {
    check::at() = of.name + " " + isa->name;
    check_engine(scumble::cpu::CpuBackend(*isa), s, kFloat32);
  }
}

// Central differences at two steps; where they disagree there is a kink within the step, and the place is
// skipped.
inline void check_reference(const Case& of, const Setting& s, int places, uint64_t seed) {
  check::at() = of.name + " by differences";
  Random random(seed);
  const double norm = reference::norm(s.expected.gradient.values);
  int compared = 0;
  for (int i = 0; i < places; ++i) {
    const size_t at = random.bits() % s.start.values.size();
    const auto slope = [&](double step) {
      reference::Tensor moved = s.start;
      moved.values[at] = s.start.values[at] + step;
      const double above = reference::evaluate(s.scene, s.targets, moved, &s.expected, false).losses.total;
      moved.values[at] = s.start.values[at] - step;
      const double below = reference::evaluate(s.scene, s.targets, moved, &s.expected, false).losses.total;
      return (above - below) / (2 * step);
    };
    const double coarse = slope(1e-3);
    const double fine = slope(5e-4);
    if (std::abs(coarse - fine) > 1e-6 * norm) continue;
    ++compared;
    CHECK_CLOSE(fine, s.expected.gradient.values[at], 1e-6 * norm);
  }
  CHECK(2 * compared >= places);
}

inline void check_both(const Case& of, uint64_t seed) {
  const Setting s = prepare(of, seed);
  check_cpu(of, s);
  check_reference(of, s, 6, seed);
}

}  // namespace cases

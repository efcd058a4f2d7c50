// Limited-memory BFGS without a line search, as torch's optim.lbfgs runs it: first step of length
// min(1, 1/|g|_1), then 1, times the learning rate; a pair (s, y) is remembered only if y.s > 1e-10; the
// initial inverse Hessian is y.s / y.y of the newest pair.
//
// torch's first step is so short that where a loss draws its samples anew, y is their noise and not the curvature:
// four or five iterations pass until steps have their length, or one overshoots. With `first_step` elements go
// that far in the mean, whatever the gradient's size: a factor on the loss changes nothing.
//
// The two-loop recursion runs on scalar products, not on vectors (Chen, Wang, Zhou 2014, "Large-scale L-BFGS
// using MapReduce"): the direction is a combination of the remembered s and y and the gradient, and the
// recursion needs only their products with each other, most of which are known from earlier iterations. So an
// iteration reads the history twice, once for the products and once for the combination, whatever its length.
#pragma once

#include <vector>

#include "optimizer.h"

namespace scumble {

class Lbfgs final : public Optimizer {
 public:
  // One pair more than remembered: the newest is judged before the oldest goes.
  static int vectors(int history) { return 2 * (history + 1); }

  Lbfgs(double learning_rate, double first_step, std::vector<BufferId> vectors);
  void step(Vectors& vectors, BufferId x, BufferId gradient) override;
  void save(const Vectors& vectors, State& state) const override;
  void restore(Vectors& vectors, const State& state) override;

 private:
  struct Pair {
    BufferId s;
    BufferId y;
    std::vector<double> sy;  // s . y of every pair, in the order of pairs_
    std::vector<double> yy;
  };

  void remember(Vectors& vectors, BufferId gradient);
  std::vector<double> direction(Vectors& vectors, BufferId gradient, std::vector<BufferId>& basis) const;

  double learning_rate_;
  double first_step_;
  size_t history_;
  std::vector<Pair> free_;
  std::vector<Pair> pairs_;  // oldest first
  Pair candidate_;           // s: the last step taken; y: the gradient before it
  bool started_ = false;
};

}  // namespace scumble

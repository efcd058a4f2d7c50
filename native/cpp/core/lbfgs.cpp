#include "lbfgs.h"

#include <algorithm>
#include <string>

namespace scumble {

Lbfgs::Lbfgs(double learning_rate, double first_step, std::vector<BufferId> vectors)
    : learning_rate_(learning_rate), first_step_(first_step), history_(vectors.size() / 2 - 1) {
  for (size_t i = 0; i + 1 < vectors.size(); i += 2) free_.push_back({vectors[i], vectors[i + 1], {}, {}});
  candidate_ = free_.back();
  free_.pop_back();
}

void Lbfgs::step(Vectors& vectors, BufferId x, BufferId gradient) {
  double length = learning_rate_;
  if (started_) {
    remember(vectors, gradient);
  } else {
    const double norm = vectors.sum_abs(gradient);
    const double reach = first_step_ * static_cast<double>(vectors.elements(gradient));
    if (reach > 0 && norm > 0) {
      length *= reach / norm;
    } else if (norm > 1) {
      length /= norm;
    }
    started_ = true;
  }
  std::vector<BufferId> basis;
  std::vector<double> coefficients = direction(vectors, gradient, basis);
  for (double& c : coefficients) c *= length;
  vectors.combine(candidate_.s, basis, coefficients);
  vectors.copy(candidate_.y, gradient);
  vectors.combine(x, {x, candidate_.s}, {1, 1});
}

// Judges the candidate pair and takes it in; afterwards candidate_ is free to be written.
void Lbfgs::remember(Vectors& vectors, BufferId gradient) {
  vectors.combine(candidate_.y, {gradient, candidate_.y}, {1, -1});
  double ys = 0;
  vectors.dot_products({candidate_.s}, {candidate_.y}, &ys);
  if (!(ys > 1e-10)) return;

  if (pairs_.size() == history_) {
    free_.push_back(pairs_.front());
    pairs_.erase(pairs_.begin());
    for (Pair& pair : pairs_) {
      pair.sy.erase(pair.sy.begin());
      pair.yy.erase(pair.yy.begin());
    }
  }
  pairs_.push_back(candidate_);
  candidate_ = free_.back();
  free_.pop_back();

  const size_t n = pairs_.size();
  std::vector<BufferId> all;
  for (const Pair& pair : pairs_) all.push_back(pair.y);
  for (const Pair& pair : pairs_) all.push_back(pair.s);
  const Pair& newest = pairs_.back();
  std::vector<double> found(2 * all.size());
  vectors.dot_products({newest.y, newest.s}, all, found.data());
  for (size_t i = 0; i < n; ++i) {
    Pair& pair = pairs_[i];
    pair.sy.resize(n);
    pair.yy.resize(n);
    pair.yy[n - 1] = found[i];
    pair.sy[n - 1] = found[n + i];
  }
  Pair& last = pairs_.back();
  for (size_t i = 0; i < n; ++i) {
    last.yy[i] = found[i];
    last.sy[i] = found[all.size() + i];
  }
}

// -H g as coefficients of the basis (all s, all y, g), newest last.
std::vector<double> Lbfgs::direction(Vectors& vectors, BufferId gradient,
                                     std::vector<BufferId>& basis) const {
  const size_t n = pairs_.size();
  basis.clear();
  for (const Pair& pair : pairs_) basis.push_back(pair.s);
  for (const Pair& pair : pairs_) basis.push_back(pair.y);
  std::vector<double> with_gradient(2 * n);
  if (n > 0) vectors.dot_products({gradient}, basis, with_gradient.data());
  basis.push_back(gradient);

  // q = g - sum alpha_j y_j
  std::vector<double> alpha(n);
  for (size_t i = n; i-- > 0;) {
    double sq = with_gradient[i];
    for (size_t j = i + 1; j < n; ++j) sq -= alpha[j] * pairs_[i].sy[j];
    alpha[i] = sq / pairs_[i].sy[i];
  }
  const double h = n > 0 ? pairs_[n - 1].sy[n - 1] / pairs_[n - 1].yy[n - 1] : 1;
  // r = h q + sum delta_j s_j
  std::vector<double> delta(n);
  for (size_t i = 0; i < n; ++i) {
    double yr = h * with_gradient[n + i];
    for (size_t j = 0; j < n; ++j) yr -= h * alpha[j] * pairs_[i].yy[j];
    for (size_t j = 0; j < i; ++j) yr += delta[j] * pairs_[j].sy[i];
    delta[i] = alpha[i] - yr / pairs_[i].sy[i];
  }
  std::vector<double> coefficients(2 * n + 1);
  for (size_t i = 0; i < n; ++i) {
    coefficients[i] = -delta[i];
    coefficients[n + i] = h * alpha[i];
  }
  coefficients[2 * n] = -h;
  return coefficients;
}

void Lbfgs::save(const Vectors& vectors, State& state) const {
  std::vector<double> sy;
  std::vector<double> yy;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    state.vectors["lbfgs.s." + std::to_string(i)] = vectors.values(pairs_[i].s);
    state.vectors["lbfgs.y." + std::to_string(i)] = vectors.values(pairs_[i].y);
    sy.insert(sy.end(), pairs_[i].sy.begin(), pairs_[i].sy.end());
    yy.insert(yy.end(), pairs_[i].yy.begin(), pairs_[i].yy.end());
  }
  state.numbers["lbfgs.sy"] = sy;
  state.numbers["lbfgs.yy"] = yy;
  if (!started_) return;
  state.vectors["lbfgs.step"] = vectors.values(candidate_.s);
  state.vectors["lbfgs.gradient"] = vectors.values(candidate_.y);
}

void Lbfgs::restore(Vectors& vectors, const State& state) {
  const size_t elements = vectors.elements(candidate_.s);
  size_t n = 0;
  while (state.vectors.count("lbfgs.s." + std::to_string(n)) > 0) ++n;
  if (n > history_) {
    throw InvalidArgument("the state remembers " + std::to_string(n) + " pairs, more than the history of " +
                          std::to_string(history_));
  }
  const bool started =
      n > 0 || state.vectors.count("lbfgs.step") > 0 || state.vectors.count("lbfgs.gradient") > 0;
  std::vector<const std::vector<float>*> values;
  for (size_t i = 0; i < n; ++i) {
    values.push_back(&state.vector("lbfgs.s." + std::to_string(i), elements));
    values.push_back(&state.vector("lbfgs.y." + std::to_string(i), elements));
  }
  if (started) {
    values.push_back(&state.vector("lbfgs.step", elements));
    values.push_back(&state.vector("lbfgs.gradient", elements));
  }
  const std::vector<double>& sy = state.list("lbfgs.sy", n * n);
  const std::vector<double>& yy = state.list("lbfgs.yy", n * n);

  free_.insert(free_.end(), pairs_.begin(), pairs_.end());
  free_.push_back(candidate_);
  pairs_.clear();
  for (size_t i = 0; i <= n; ++i) {
    Pair pair = free_.back();
    free_.pop_back();
    if (2 * i < values.size()) {
      vectors.set(pair.s, *values[2 * i]);
      vectors.set(pair.y, *values[2 * i + 1]);
    }
    if (i == n) {
      candidate_ = pair;
      break;
    }
    const auto row = [&](const std::vector<double>& all) {
      return std::vector<double>(all.begin() + static_cast<ptrdiff_t>(i * n),
                                 all.begin() + static_cast<ptrdiff_t>((i + 1) * n));
    };
    pair.sy = row(sy);
    pair.yy = row(yy);
    pairs_.push_back(pair);
  }
  started_ = started;
}

}  // namespace scumble

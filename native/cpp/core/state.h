// Where a run stands, as data: what an iteration needs to go on in the same bytes. The names and their order
// are the same on every backend, so that one can go on where another stood.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "error.h"

namespace scumble {

//   picture                 the point to be evaluated next, or
//   variable                its coefficients, where those are what is optimised (laplacian.h)
//   result                  the best point, or the mean times its weight
//   adam.m, adam.v          the moments
//   rmsprop.v               the mean of the gradient's square
//   lbfgs.s.0, lbfgs.y.0 …  the remembered pairs, oldest first
//   lbfgs.step, lbfgs.gradient  the last step, and the gradient before it
// and numbers:
//   iteration               [completed, of the best point]
//   best                    [its total]
//   mean                    [the weight of the mean]
//   adam.steps              [updates that the moments have seen]
//   lbfgs.sy, lbfgs.yy      scalar products of the pairs, n x n, row by row
struct State {
  std::map<std::string, std::vector<float>> vectors;  // of the result's size or the variable's
  std::map<std::string, std::vector<double>> numbers;

  // Throw InvalidArgument where something is missing or has another size.
  const std::vector<float>& vector(const std::string& name, size_t elements) const;
  const std::vector<double>& list(const std::string& name, size_t count) const;
  // The same of what counts something: whole numbers from 0 on.
  std::vector<int> counts(const std::string& name, size_t count) const;
};

inline const std::vector<float>& State::vector(const std::string& name, size_t elements) const {
  const auto found = vectors.find(name);
  if (found == vectors.end()) throw InvalidArgument("the state has no " + name);
  if (found->second.size() != elements) throw InvalidArgument("the state's " + name + " has another size");
  return found->second;
}

inline const std::vector<double>& State::list(const std::string& name, size_t count) const {
  const auto found = numbers.find(name);
  if (found == numbers.end()) throw InvalidArgument("the state has no " + name);
  if (found->second.size() != count) throw InvalidArgument("the state's " + name + " has another size");
  return found->second;
}

inline std::vector<int> State::counts(const std::string& name, size_t count) const {
  std::vector<int> found;
  for (const double value : list(name, count)) {
    if (!(value >= 0 && value <= std::numeric_limits<int>::max() && value == std::floor(value)))
      throw InvalidArgument("the state's " + name + " must be whole numbers from 0 on");
    found.push_back(static_cast<int>(value));
  }
  return found;
}

}  // namespace scumble

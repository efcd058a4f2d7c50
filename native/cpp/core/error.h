// What the engine throws. The binding turns each into a JavaScript error with a code.
#pragma once

#include <stdexcept>
#include <string>

namespace scumble {

// The caller asked for something impossible; the message names it.
class InvalidArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// The work was told to stop, by an abort or because its session is going away.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

// A loss became NaN or infinite.
class Diverged : public std::runtime_error {
 public:
  explicit Diverged(int iteration)
      : std::runtime_error("the loss is no longer finite at iteration " + std::to_string(iteration)) {}
};

}  // namespace scumble

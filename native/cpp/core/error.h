// What the engine throws. The binding turns each into a JavaScript error with a code.
#pragma once

#include <cstddef>
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
      : std::runtime_error("the loss is no longer finite at iteration " + std::to_string(iteration)),
        iteration(iteration) {}
  int iteration;  // of the session, from 1
};

// A device cannot go on: it has too little memory, or a call to it failed. The process can, on another
// device.
class DeviceFailure : public std::runtime_error {
 public:
  enum Kind { memory, lost };
  DeviceFailure(Kind kind, const std::string& what, size_t needed = 0, size_t free = 0)
      : std::runtime_error(what), kind(kind), needed(needed), free(free) {}
  Kind kind;
  size_t needed;  // bytes, for `memory`
  size_t free;
};

}  // namespace scumble

// The engine's exceptions as JavaScript errors with a code.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "api.h"

namespace scumble::node {

// The system gives no more threads.
class OutOfThreads : public std::runtime_error {
 public:
  explicit OutOfThreads(const std::string& why)
      : std::runtime_error("the system gives no more threads (" + why + ")") {}
};

Napi::Error error_of(Napi::Env env, const std::exception_ptr& failure);

}  // namespace scumble::node

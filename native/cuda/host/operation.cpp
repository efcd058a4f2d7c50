#include "operation.h"

#include <map>
#include <string>

#include "../../cpp/core/error.h"

namespace scumble::cuda {
namespace {

std::map<std::string_view, Operation>& operations() {
  static std::map<std::string_view, Operation> all;
  return all;
}

}  // namespace

RegisterOperation::RegisterOperation(const char* name, const Operation& operation) {
  operations()[name] = operation;
}

const Operation& operation(std::string_view name) {
  const auto found = operations().find(name);
  if (found == operations().end()) throw InvalidArgument("CUDA has no operation called " + std::string(name));
  return found->second;
}

}  // namespace scumble::cuda

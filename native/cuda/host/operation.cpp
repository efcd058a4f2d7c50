#include "operation.h"

#include <string>

#include "../../cpp/core/error.h"
#include "../../cpp/core/registry.h"

namespace scumble::cuda {

RegisterOperation::RegisterOperation(const char* name, const Operation& operation) {
  Registry<Operation>::all().add(name, operation);
}

const Operation& operation(std::string_view name) {
  const Operation* const found = Registry<Operation>::all().find(name);
  if (found == nullptr) throw InvalidArgument("CUDA has no operation called " + std::string(name));
  return *found;
}

}  // namespace scumble::cuda

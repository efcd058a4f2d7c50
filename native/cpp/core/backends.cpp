#include "backends.h"

#include "registry.h"

namespace scumble {

using BackendKinds = Registry<std::unique_ptr<BackendKind>>;

const BackendKind* find_backend(const std::string& name) {
  const auto found = BackendKinds::all().find(name);
  return found == nullptr ? nullptr : found->get();
}

RegisterBackend::RegisterBackend(const char* name, std::unique_ptr<BackendKind> kind) {
  BackendKinds::all().add(name, std::move(kind));
}

}  // namespace scumble

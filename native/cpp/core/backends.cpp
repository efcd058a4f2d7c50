#include "backends.h"

#include <map>

namespace scumble {
namespace {

std::map<std::string, std::unique_ptr<BackendKind>>& kinds() {
  static std::map<std::string, std::unique_ptr<BackendKind>> all;
  return all;
}

}  // namespace

const BackendKind* find_backend(const std::string& name) {
  const auto found = kinds().find(name);
  return found == kinds().end() ? nullptr : found->second.get();
}

RegisterBackend::RegisterBackend(const char* name, std::unique_ptr<BackendKind> kind) {
  kinds()[name] = std::move(kind);
}

}  // namespace scumble

#include "loss.h"

#include <map>

#include "../error.h"

namespace scumble {
namespace {

std::map<std::string, std::unique_ptr<Loss>>& kinds() {
  static std::map<std::string, std::unique_ptr<Loss>> all;
  return all;
}

}  // namespace

LossKind::LossKind(const char* name, std::unique_ptr<Loss> loss) {
  kinds()[name] = std::move(loss);
}

const Loss& loss_of(const std::string& kind) {
  const auto found = kinds().find(kind);
  if (found == kinds().end()) throw InvalidArgument("there is no kind of loss called \"" + kind + "\"");
  return *found->second;
}

std::vector<std::string> loss_kinds() {
  std::vector<std::string> names;
  for (const auto& [name, loss] : kinds()) names.push_back(name);
  return names;
}

}  // namespace scumble

#include "loss.h"

#include "../error.h"
#include "../registry.h"

namespace scumble {

using LossKinds = Registry<std::unique_ptr<Loss>>;

LossKind::LossKind(const char* name, std::unique_ptr<Loss> loss) {
  LossKinds::all().add(name, std::move(loss));
}

const Loss& loss_of(const std::string& kind) {
  const auto found = LossKinds::all().find(kind);
  if (found == nullptr) throw InvalidArgument("there is no kind of loss called \"" + kind + "\"");
  return **found;
}

std::vector<std::string> loss_kinds() {
  std::vector<std::string> names;
  for (const auto& [name, loss] : LossKinds::all().entries()) names.emplace_back(name);
  return names;
}

}  // namespace scumble

#include "objective.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "error.h"
#include "losses/loss.h"

namespace scumble {
namespace {

void validate(const Term& term, const Architectures& networks) {
  const Loss& loss = loss_of(term.kind);
  const auto refuse = [&](const std::string& why) {
    throw InvalidArgument("the term \"" + term.name + "\" (" + term.kind + ") " + why);
  };
  if (term.name.empty()) refuse("has no name");
  if (!std::isfinite(term.weight)) refuse("has a weight that is not finite");
  if (loss.looks_at_layer()) {
    if (term.network < 0 || static_cast<size_t>(term.network) >= networks.size())
      refuse("looks at network " + std::to_string(term.network) + ", which there is not");
    if (term.layers.empty() || term.layers[0].empty()) refuse("needs a layer to look at");
    if (term.layers.size() > 1 && !loss.looks_at_several()) refuse("looks at one layer only");
    const std::vector<Layer> known = layers_of(*networks[static_cast<size_t>(term.network)]);
    std::set<std::string> seen;
    for (const std::string& name : term.layers) {
      if (!seen.insert(name).second) refuse("looks at " + name + " twice");
      if (name == kPicture && loss.looks_at_several()) continue;
      if (std::none_of(known.begin(), known.end(), [&](const Layer& l) { return l.name == name; }))
        refuse("looks at " + name + ", but the network has no such layer");
    }
  } else if (!term.layers.empty()) {
    refuse("looks at the picture, not at " + term.layers[0]);
  }
  if (loss.has_target() == term.targets.empty())
    refuse(loss.has_target() ? "needs a target image" : "takes no target image");
  const auto sources = std::count_if(term.targets.begin(), term.targets.end(),
                                     [](const Target& target) { return target.source; });
  if (sources > 0 && !loss.takes_sources()) refuse("takes no source");
  if (loss.takes_sources() && (sources == 0 || sources == static_cast<ptrdiff_t>(term.targets.size())))
    refuse("needs a source, and what it is matched with");
  bool masked = term.mask >= 0;
  for (const Target& target : term.targets) {
    masked = masked || target.mask >= 0;
    if (target.image < 0) refuse("has a target that is no image");
    if (!std::isfinite(target.blend)) refuse("has a blend that is not finite");
  }
  if (masked && !loss.takes_masks()) refuse("takes no mask");
  const std::vector<std::string> known = loss.parameters();
  for (const auto& [name, value] : term.parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse("has no parameter \"" + name + "\"");
    if (!std::isfinite(value)) refuse("has a " + name + " that is not finite");
  }
}

}  // namespace

void validate(const Objective& objective, const Architectures& networks) {
  if (objective.terms.empty()) throw InvalidArgument("the objective has no term");
  std::set<std::string> names;
  for (const Term& term : objective.terms) {
    validate(term, networks);
    if (!names.insert(term.name).second)
      throw InvalidArgument("two terms have the name \"" + term.name + "\"");
  }
}

}  // namespace scumble

// A kind of term: how its loss is measured and how it is differentiated, as steps of a plan. One file a kind;
// each registers itself under its name, and nothing else in the engine names it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../graph.h"

namespace scumble {

class Loss {
 public:
  virtual ~Loss() = default;

  // Whether a term of this kind compares the picture with target images, and whether these must have its
  // size.
  virtual bool has_target() const { return true; }
  virtual bool target_has_size_of_picture() const { return false; }
  // Whether what several target images have is put one after the other instead of blended: a set of samples.
  virtual bool joins_targets() const { return false; }
  // Whether some of them are sources, which are matched with the others. Their statistics are blended, and come first.
  virtual bool takes_sources() const { return false; }
  // Whether it looks at a layer (else at the picture), at several at once, and takes masks.
  virtual bool looks_at_layer() const { return true; }
  virtual bool looks_at_several() const { return false; }
  virtual bool takes_masks() const { return false; }
  // Whether samples are divided by the channels of their layer.
  virtual bool divides_by_channels() const { return false; }
  // The parameters it knows.
  virtual std::vector<std::string> parameters() const { return {}; }

  // Emits what makes the statistic of what `at` looks at and returns where it is: what a target image, which
  // is `at.target`, has.
  virtual std::vector<BufferId> describe(Graph& graph, const Site& at) const = 0;
  // Emits what measures the loss. What it makes on the way and differentiate() needs goes to `at.kept`, and
  // what it compares with is asked for by graph.target(). What is made of that alone is made by
  // graph.prepare().
  virtual void measure(Graph& graph, Site& at) const = 0;
  // Emits the loss's gradient with respect to `at.features` by one graph.contribute(). Of several layers it is
  // called for each, the deepest first, the picture last.
  virtual void differentiate(Graph& graph, Site& at) const = 0;
};

// The loss of this kind. Throws InvalidArgument for a kind that there is not.
const Loss& loss_of(const std::string& kind);
// All there are, in alphabetical order.
std::vector<std::string> loss_kinds();

// Makes a kind known; one in every file of losses/, at namespace scope.
struct LossKind {
  LossKind(const char* name, std::unique_ptr<Loss> loss);
};

}  // namespace scumble

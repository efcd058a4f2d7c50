// What is minimised: a sum of named terms. A term takes the features of a layer of one network, or of several
// (or the picture itself), makes a statistic of them, and says how far it is from the same statistic of its target
// images. What there is to make is a matter of its kind: losses/ has one file for each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network.h"

namespace scumble {

// An image of the run that a term's target is made of; several are blended, statistic by statistic.
struct Target {
  int image = 0;        // index of the run's images
  double blend = 1;     // used as given: the caller makes those of a term sum to 1
  int mask = -1;        // index of the run's masks: where in the image; -1: everywhere
  bool source = false;  // of a kind that matches images: what is matched with the others
};

struct Term {
  std::string name;  // its loss's name; no two terms have the same
  std::string kind;  // content, gram, tv, mean-std …
  double weight = 1;
  int network = 0;  // index of the run's networks
  // conv1_1, relu1_1, pool1 …: one, or as many as the kind takes, where `picture` is the picture itself. Empty
  // for a kind that looks at nothing else.
  std::vector<std::string> layers;
  std::vector<Target> targets;
  int mask = -1;                             // where in the picture; -1: everywhere
  std::map<std::string, double> parameters;  // the kind's own

  // One of them, or what it is where it is not given.
  double parameter(const std::string& of, double otherwise) const {
    const auto found = parameters.find(of);
    return found == parameters.end() ? otherwise : found->second;
  }
  bool normalize = false;  // its gradient at each layer is scaled so that its magnitudes sum to the weight
};

// Among a term's layers: the picture itself.
constexpr const char* kPicture = "picture";

struct Objective {
  std::vector<Term> terms;
};

using Architectures = std::vector<const Architecture*>;

// Throws InvalidArgument, which names the term, for one that cannot be computed on these networks.
void validate(const Objective& objective, const Architectures& networks);

// The weighted value of every term at one point, in the objective's order, and their sum.
struct Losses {
  std::vector<double> terms;
  double total = 0;
};

}  // namespace scumble

// What is minimised: L = sum of content terms + sum of style terms + total variation (Gatys, Ecker, Bethge
// 2015).
//   content  w * mean over C*M of (F - P)^2
//   style    w * mean over C^2 of (F F^T / (C*M) - T)^2
//   tv       w * (sum |dx| + sum |dy|) over the picture in 0..255
// F are a layer's features (C channels, M positions), P those of the content image, T the blended Gram
// matrices of the style images, each divided by its own C*M.
#pragma once

#include <string>
#include <vector>

namespace scumble {

struct LayerTerm {
  std::string layer;
  double weight = 1;
};

struct Objective {
  std::vector<LayerTerm> content;
  std::vector<LayerTerm> style;
  double tv_weight = 0;
};

// The value of every weighted term at one point; content and style in the objective's order.
struct Losses {
  std::vector<double> content;
  std::vector<double> style;
  double tv = 0;
  double total = 0;
};

}  // namespace scumble

// The network that the benchmarks run, and the objective.
#pragma once

#include "../cpp/core/network.h"
#include "../cpp/core/objective.h"

// Up to relu5_1; a pixel becomes pixel - mean.
inline scumble::Architecture vgg19() {
  scumble::Architecture architecture;
  architecture.preprocessing.mean = {123.68f, 116.779f, 103.939f};
  const int counts[5] = {2, 2, 4, 4, 1};
  const int widths[5] = {64, 128, 256, 512, 512};
  int inputs = 3;
  for (int block = 0; block < 5; ++block) {
    for (int index = 1; index <= counts[block]; ++index) {
      architecture.convolutions.push_back({block + 1, index, inputs, widths[block]});
      inputs = widths[block];
    }
  }
  return architecture;
}

// Content of image 0, style of image 1.
inline scumble::Objective neural_style() {
  scumble::Objective objective;
  const auto add = [&](const char* kind, const char* layer, double weight, int image) {
    scumble::Term term;
    term.name = std::string(kind) + " " + layer;
    term.kind = kind;
    term.weight = weight;
    term.layers = {layer};
    term.targets = {{image}};
    objective.terms.push_back(std::move(term));
  };
  add("content", "relu4_2", 5, 0);
  for (const char* layer : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"})
    add("gram", layer, 100, 1);
  return objective;
}

// The network that the benchmarks run.
#pragma once

#include "../cpp/core/network.h"

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

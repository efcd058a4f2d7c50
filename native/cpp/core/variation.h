// What a sum of squared differences between neighbouring pixels counts each of them by.
#pragma once

namespace scumble {

struct Variation {
  double across = 0;  // between a pixel and the one to its right
  double down = 0;    // and the one below it
  // Between a pixel and those below it to the left and to the right, in a picture that has one more pixel on
  // each side, equal to the nearest.
  double diagonal = 0;
  // The last row has no differences across, and the last column none down.
  bool inner = false;
};

}  // namespace scumble

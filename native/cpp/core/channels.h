// What makes a network's input of a picture: out[c] = picture[order[c]] * scale[c] + shift[c].
#pragma once

namespace scumble {

struct Channels {
  int order[3];
  float scale[3];
  float shift[3];
};

}  // namespace scumble

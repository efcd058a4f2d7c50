// The size of a tensor. Layout in memory is the backend's business.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scumble {

struct Shape {
  int channels = 0;
  int height = 0;
  int width = 0;

  size_t positions() const { return static_cast<size_t>(height) * static_cast<size_t>(width); }
  size_t elements() const { return positions() * static_cast<size_t>(channels); }
  bool operator==(const Shape& o) const {
    return channels == o.channels && height == o.height && width == o.width;
  }
};

}  // namespace scumble

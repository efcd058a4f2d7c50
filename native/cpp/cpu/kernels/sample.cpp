// Bilinear samples of a grid, and what their gradients leave on it.
#include "simd.h"

#include "sample.h"

#include "border.h"
#include "tensor.h"

namespace scumble::cpu::SCUMBLE_ISA {
namespace {

// Of a coordinate: the cell whose centre lies before it, the next, and how much of the next counts. Before the
// first centre and after the last one, nothing changes.
struct Between {
  int first;
  int second;
  float share;

  Between(float coordinate, int cells) {
    const float last = static_cast<float>(cells - 1);
    const float at = coordinate * static_cast<float>(cells) - 0.5f;
    const float held = at > 0 ? (at < last ? at : last) : 0;
    first = static_cast<int>(held);
    second = first + 1 < cells ? first + 1 : first;
    share = held - static_cast<float>(first);
  }
};

}  // namespace

void sample(const Grid& from, const float* positions, int begin, int end, float scale, float* samples,
            ptrdiff_t row) {
  const ptrdiff_t pixel = from.channels;
  for (int i = begin; i < end; ++i) {
    const Between y(positions[2 * i], from.height);
    const Between x(positions[2 * i + 1], from.width);
    const float* upper = from.at + y.first * from.row;
    const float* lower = from.at + y.second * from.row;
    const Vec a = splat(scale * (1 - y.share) * (1 - x.share));
    const Vec b = splat(scale * (1 - y.share) * x.share);
    const Vec c = splat(scale * y.share * (1 - x.share));
    const Vec d = splat(scale * y.share * x.share);
    float* to = samples + i * row;
    for (int k = 0; k < from.channels; k += kWidth) {
      const int left = from.channels - k;
      Vec value = a * load(upper + x.first * pixel + k, left) + b * load(upper + x.second * pixel + k, left);
      value += c * load(lower + x.first * pixel + k, left) + d * load(lower + x.second * pixel + k, left);
      store(to + k, value, left);
    }
  }
}

void sample_back(const float* samples, ptrdiff_t row, const float* positions, int count, float scale,
                 const Grid& to, const float* mask, bool accumulate, int y0, int y1) {
  const ptrdiff_t pixel = to.channels;
  const ptrdiff_t elements = pixel * to.width;
  if (!accumulate) {
    for (int y = y0; y < y1; ++y)
      __builtin_memset(to.at + y * to.row, 0, static_cast<size_t>(elements) * sizeof(float));
  }
  for (int i = 0; i < count; ++i) {
    const Between y(positions[2 * i], to.height);
    if (y.second < y0 || y.first >= y1) continue;
    const Between x(positions[2 * i + 1], to.width);
    const float* from = samples + i * row;
    const auto add = [&](int line, int column, float share) {
      if (line < y0 || line >= y1 || share == 0) return;
      float* at = to.at + line * to.row + column * pixel;
      const Vec by = splat(scale * share);
      for (int k = 0; k < to.channels; k += kWidth) {
        const int left = to.channels - k;
        store(at + k, load(at + k, left) + by * load(from + k, left), left);
      }
    };
    add(y.first, x.first, (1 - y.share) * (1 - x.share));
    add(y.first, x.second, (1 - y.share) * x.share);
    add(y.second, x.first, y.share * (1 - x.share));
    add(y.second, x.second, y.share * x.share);
  }
  if (mask) {
    for (int y = y0; y < y1; ++y) {
      float* at = to.at + y * to.row;
      const float* open = mask + y * to.row;
      for (ptrdiff_t k = 0; k < elements; k += kWidth) {
        const int left = elements - k < kWidth ? static_cast<int>(elements - k) : kWidth;
        store(at + k, keep(load(open + k, left) > Vec{}, load(at + k, left)), left);
      }
    }
  }
  if (to.bordered) clear_border({to.at, to.channels, to.height, to.width}, y0, y1);
}

}  // namespace scumble::cpu::SCUMBLE_ISA

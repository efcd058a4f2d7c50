// Costs between colours.
#include "../kernels/palette.h"

#include <cmath>

#include "../operation.h"

namespace scumble::cpu {
namespace {

double colour_costs(const Workspace& w, const Step& step) {
  const Shape& colours = w.shape(step.in);
  const size_t count = static_cast<size_t>(w.shape(step.other).height);
  const float* others = w.floats(step.other);
  std::vector<float> channels(3 * count);
  std::vector<float> lengths(count);
  for (size_t j = 0; j < count; ++j) {
    double square = 0;
    for (size_t k = 0; k < 3; ++k) {
      const float v = others[3 * j + k];
      channels[k * count + j] = v;
      square += static_cast<double>(v) * static_cast<double>(v);
    }
    lengths[j] = static_cast<float>(std::sqrt(square));
  }
  w.each_rows(colours.height, count, [&](int begin, int end) {
    kernels::colour_costs(w.isa())(w.floats(step.in), begin, end, channels.data(), lengths.data(),
                                   static_cast<int>(count), w.floats(step.out));
  });
  return 0;
}

const RegisterOperation kColourCosts("colour_costs", {colour_costs});

}  // namespace
}  // namespace scumble::cpu

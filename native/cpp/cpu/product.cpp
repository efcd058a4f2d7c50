#include "product.h"

namespace scumble::cpu {
namespace {

// Tasks that it is cut into at least, if it has as many rows: a step must not leave cores idle.
constexpr size_t kTasks = 256;

}  // namespace

void product(const Workspace& w, const Product& p) {
  const size_t block_width = static_cast<size_t>(w.isa().block);
  const size_t blocks = blocks_of(p.out.channels, w.isa().block);
  const size_t row_bytes = elements_of(p.in) * sizeof(float);
  const size_t height = static_cast<size_t>(p.out.height);
  const int rows =
      static_cast<int>(std::max<size_t>(1, std::min(kTaskBytes / row_bytes, height * blocks / kTasks)));
  const size_t chunks = static_cast<size_t>((p.out.height + rows - 1) / rows);
  const size_t weight_bytes =
      blocks * block_width * static_cast<size_t>(p.taps) * static_cast<size_t>(p.in.channels) * sizeof(float);
  // Neighbouring tasks share what is larger: a block of weights, or the rows of the input.
  const bool keep_weights = weight_bytes > kTaskBytes;
  w.each(chunks * blocks, [&](size_t task) {
    const size_t chunk = keep_weights ? task % chunks : task / blocks;
    const size_t block = keep_weights ? task / chunks : task % blocks;
    const int y0 = static_cast<int>(chunk) * rows;
    kernels::product(w.isa())(p, static_cast<int>(block), y0, std::min(p.out.height, y0 + rows));
  });
}

}  // namespace scumble::cpu

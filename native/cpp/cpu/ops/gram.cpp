// Gram matrices: partial sums over splits of the rows, then their sum; and the gradient, a product with a
// matrix at every pixel.
#include "../kernels/gram.h"

#include "../operation.h"
#include "../product.h"

namespace scumble::cpu {
namespace {

// Partial sums together take no more doubles than this.
constexpr int kSums = 1 << 16;
constexpr int kSplits = 16;
// Most rows of the matrix that one task computes of a block of columns: whole register tiles of 6 or 14.
constexpr size_t kRows = 42;

size_t splits_of(const Shape& features) {
  const int by_memory = kSums / (features.channels * features.channels);
  return static_cast<size_t>(std::max(1, std::min({by_memory, kSplits, features.height})));
}

// Columns [begin, end) of a block.
struct Columns {
  size_t begin;
  size_t end;

  Columns(size_t block, const Isa& isa, size_t channels)
      : begin(block * static_cast<size_t>(isa.block)),
        end(std::min(channels, begin + static_cast<size_t>(isa.block))) {}
};

// Only the upper triangle, in `splits` matrices one after the other.
double gram_sums(const Workspace& w, const Step& step) {
  const Tensor features = w.tensor(step.in);
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t splits = splits_of(shape);
  double* sums = w.doubles(step.out);
  struct Part {
    size_t block;
    size_t i0;
    size_t i1;
  };
  std::vector<Part> parts;
  for (size_t block = 0; block < blocks_of(shape.channels, w.isa().block); ++block) {
    const size_t end = Columns(block, w.isa(), c).end;
    const size_t count = (end + kRows - 1) / kRows;
    for (size_t i = 0; i < count; ++i) parts.push_back({block, end * i / count, end * (i + 1) / count});
  }
  w.each(splits * parts.size(), [&](size_t task) {
    const size_t split = task % splits;
    const Part& part = parts[task / splits];
    const Columns columns(part.block, w.isa(), c);
    double* mine = sums + split * c * c;
    if (!step.accumulate) {
      for (size_t i = part.i0; i < part.i1; ++i) {
        std::fill(mine + i * c + columns.begin, mine + i * c + columns.end, 0.0);
      }
    }
    const size_t rows = static_cast<size_t>(step.rows);
    const auto row = [&](size_t s) { return step.first_row + static_cast<int>(s * rows / splits); };
    kernels::gram_sums(w.isa())(features, static_cast<int>(part.block), static_cast<int>(part.i0),
                                static_cast<int>(part.i1), row(split), row(split + 1), mine);
  });
  return 0;
}

double gram(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t splits = splits_of(shape);
  const double* sums = w.doubles(step.in);
  float* out = w.floats(step.out);
  w.each(blocks_of(shape.channels, w.isa().block), [&](size_t block) {
    const Columns rows(block, w.isa(), c);
    for (size_t i = rows.begin; i < rows.end; ++i) {
      for (size_t j = 0; j < c; ++j) {
        const size_t at = i <= j ? i * c + j : j * c + i;
        double total = 0;
        for (size_t split = 0; split < splits; ++split) total += sums[split * c * c + at];
        out[i * c + j] = static_cast<float>(total * step.scale);
      }
    }
  });
  return 0;
}

double gram_back(const Workspace& w, const Step& step) {
  Product p;
  p.in = w.tensor(step.in);
  p.out = w.tensor(step.out);
  p.mask = w.origin(step.mask);
  p.accumulate = step.accumulate;
  p.taps = 1;
  const float* matrix = w.floats(step.other);
  float* packed = w.floats(step.scratch);
  p.weights = packed;
  const size_t c = static_cast<size_t>(p.in.channels);
  const size_t width = static_cast<size_t>(w.isa().block);
  w.each(blocks_of(p.in.channels, w.isa().block), [&](size_t block) {
    const size_t used = std::min(width, c - block * width);
    for (size_t i = 0; i < c; ++i) {
      float* to = packed + (block * c + i) * width;
      std::copy_n(matrix + i * c + block * width, used, to);
      std::fill(to + used, to + width, 0.0f);
    }
  });
  product(w, p);
  return 0;
}

size_t sums_bytes(const Isa&, const Shape& features) {
  const size_t c = static_cast<size_t>(features.channels);
  return splits_of(features) * c * c * sizeof(double);
}

size_t packed_bytes(const Isa& isa, const Shape& features) {
  return blocks_of(features.channels, isa.block) * static_cast<size_t>(isa.block) *
         static_cast<size_t>(features.channels) * sizeof(float);
}

const RegisterOperation kGramSums("gram_sums", {gram_sums, nullptr, sums_bytes});
const RegisterOperation kGram("gram", {gram});
const RegisterOperation kGramBack("gram_back", {gram_back, nullptr, packed_bytes});

}  // namespace
}  // namespace scumble::cpu

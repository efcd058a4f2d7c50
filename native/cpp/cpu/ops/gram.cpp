// Gram matrices: partial sums over splits of the rows, then their sum; and the gradient, a product with a
// matrix at every pixel.
#include "../kernels/gram.h"

#include "../operation.h"
#include "../product.h"

namespace scumble::cpu {
namespace {

// Partial sums together take no more doubles than this.
constexpr int kSums = 1 << 17;
constexpr int kSplits = 32;
// Tasks that the sums are cut into at least, if there are so many parts: a step must not leave cores idle.
constexpr size_t kTasks = 64;
// Most rows of the matrix in a part of a block of columns: whole register tiles of 6 or 14.
constexpr size_t kRows = 42;
// Positions that all parts of a task go over before the next: they come from memory once.
constexpr int kPositions = 256;

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

// Some rows of the matrix in a block of columns.
struct Part {
  size_t block;
  size_t i0;
  size_t i1;
};

// The upper triangle.
std::vector<Part> parts_of(const Isa& isa, size_t channels) {
  std::vector<Part> parts;
  for (size_t block = 0; block < blocks_of(static_cast<int>(channels), isa.block); ++block) {
    const size_t end = Columns(block, isa, channels).end;
    const size_t count = (end + kRows - 1) / kRows;
    for (size_t i = 0; i < count; ++i) parts.push_back({block, end * i / count, end * (i + 1) / count});
  }
  return parts;
}

// Only the upper triangle, in `splits` matrices one after the other. A task is one split's rows, for a group
// of parts.
double gram_sums(const Workspace& w, const Step& step) {
  const Tensor features = w.tensor(step.in);
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t splits = splits_of(shape);
  const std::vector<Part> parts = parts_of(w.isa(), c);
  const size_t groups = std::min(parts.size(), (kTasks + splits - 1) / splits);
  const int strip = std::max(1, (kPositions + features.width + 1) / (features.width + 2));
  double* sums = w.doubles(step.out);
  w.each(splits * groups, [&](size_t task) {
    const size_t split = task / groups;
    const size_t group = task % groups;
    double* mine = sums + split * c * c;
    const size_t begin = parts.size() * group / groups;
    const size_t end = parts.size() * (group + 1) / groups;
    if (!step.accumulate) {
      for (size_t i = begin; i < end; ++i) {
        const Columns columns(parts[i].block, w.isa(), c);
        for (size_t row = parts[i].i0; row < parts[i].i1; ++row) {
          std::fill(mine + row * c + columns.begin, mine + row * c + columns.end, 0.0);
        }
      }
    }
    const size_t rows = static_cast<size_t>(step.rows);
    const auto first_row = [&](size_t s) { return step.first_row + static_cast<int>(s * rows / splits); };
    for (int y = first_row(split); y < first_row(split + 1); y += strip) {
      const int y1 = std::min(y + strip, first_row(split + 1));
      for (size_t i = begin; i < end; ++i) {
        const Part& part = parts[i];
        kernels::gram_sums(w.isa())(features, static_cast<int>(part.block), static_cast<int>(part.i0),
                                    static_cast<int>(part.i1), y, y1, mine);
      }
    }
  });
  return 0;
}

double gram(const Workspace& w, const Step& step) {
  const Shape& shape = w.shape(step.in);
  const size_t c = static_cast<size_t>(shape.channels);
  const size_t splits = splits_of(shape);
  const double* sums = w.doubles(step.in);
  float* out = w.floats(step.out);
  const size_t blocks = blocks_of(shape.channels, w.isa().block);
  // A block of rows by a block of columns at a time: what is written across stays in the caches.
  w.each(blocks * blocks, [&](size_t task) {
    const Columns rows(task / blocks, w.isa(), c);
    const Columns columns(task % blocks, w.isa(), c);
    std::vector<double> totals(columns.end - columns.begin);
    for (size_t i = rows.begin; i < rows.end && i < columns.end; ++i) {
      const size_t begin = std::max(i, columns.begin);
      const size_t count = columns.end - begin;
      std::fill(totals.begin(), totals.end(), 0.0);
      for (size_t split = 0; split < splits; ++split) {
        const double* from = sums + split * c * c + i * c + begin;
        for (size_t j = 0; j < count; ++j) totals[j] += from[j];
      }
      for (size_t j = 0; j < count; ++j) {
        out[i * c + begin + j] = out[(begin + j) * c + i] = static_cast<float>(totals[j] * step.scale);
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

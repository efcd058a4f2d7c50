#include "multiply.h"

namespace scumble::cpu {
namespace {

// Most rows of a task: whole register tiles of 6 or 14, of which a piece stays in the second-level cache.
constexpr int kRows = 336;
// Fewest, where threads would be idle: copying a piece of `other` should cost little beside its product.
constexpr int kFewestRows = 84;
// Tasks a thread, so that all end at about the same time.
constexpr int kTasks = 3;
// Rows of a task where only half is computed: whole blocks of columns, so that no task touches another's
// square on the diagonal, and few enough that little of the other half is.
constexpr int kStrip = 64;

int parts(int n, int size) {
  return (n + size - 1) / size;
}

int part(int n, int count, int i) {
  return static_cast<int>(static_cast<int64_t>(n) * i / count);
}

// Into how many parts rows and blocks of columns are cut. What comes out does not depend on it.
struct Cut {
  int blocks;  // columns, in blocks
  int across = 1;
  int down;

  Cut(const Machine& machine, int rows, int columns)
      : blocks(parts(columns, machine.isa.block)), down(parts(rows, kRows)) {
    const int wanted = machine.threads == 1 ? 1 : kTasks * machine.threads;
    const auto taller = [&] { return down * across < wanted && parts(rows, down + 1) >= kFewestRows; };
    while (taller() && down < 2) ++down;
    if (down * across < wanted) across = std::min(blocks, parts(wanted, down));
    while (taller()) ++down;
  }
};

// Strips of rows up to the diagonal, the longest first.
void half(const Workspace& w, const Multiplication& m) {
  const int strips = parts(m.rows, kStrip);
  w.each_with_scratch(strips, [&](int task, float* scratch) {
    const int i0 = (strips - 1 - task) * kStrip;
    const int i1 = std::min(m.rows, i0 + kStrip);
    kernels::multiply(w.isa())(m, i0, i1, 0, i1, scratch);
    kernels::mirror(w.isa())(m.out, m.columns, i0, i1);
  });
}

}  // namespace

void multiply(const Workspace& w, const Multiplication& m, bool symmetric) {
  if (symmetric) {
    half(w, m);
    return;
  }
  const Cut cut(w.machine(), m.rows, m.columns);
  const int block = w.isa().block;
  w.each_with_scratch(cut.down * cut.across, [&](int task, float* scratch) {
    const int i = task / cut.across;
    const int j = task % cut.across;
    kernels::multiply(w.isa())(m, part(m.rows, cut.down, i), part(m.rows, cut.down, i + 1),
                               part(cut.blocks, cut.across, j) * block,
                               std::min(m.columns, part(cut.blocks, cut.across, j + 1) * block), scratch);
  });
}

size_t multiply_scratch(const Machine& machine, int rows, int columns) {
  const Cut cut(machine, rows, columns);
  return kernels::multiply_scratch(machine.isa)(std::max(std::min(rows, kStrip), parts(rows, cut.down)));
}

}  // namespace scumble::cpu

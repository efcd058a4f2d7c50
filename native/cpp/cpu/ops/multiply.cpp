// Products of matrices, cut into rectangles of the result.
#include "../kernels/multiply.h"

#include "../operation.h"

namespace scumble::cpu {
namespace {

// Most rows of a task: whole register tiles of 6 or 14, of which a piece stays in the second-level cache.
constexpr int kRows = 336;
// Fewest, where threads would be idle: copying a piece of `other` should cost little beside its product.
constexpr int kFewestRows = 84;
// Tasks a thread, so that all end at about the same time.
constexpr int kTasks = 3;

int parts(int n, int size) {
  return (n + size - 1) / size;
}

struct Size {
  int rows;
  int columns;
  int inner;

  Size(const Plan& plan, const Step& step) {
    const Shape& in = plan.buffer(step.in).shape;
    const Shape& out = plan.buffer(step.out).shape;
    rows = out.height;
    columns = out.channels;
    inner = step.transpose_in ? in.height : in.channels;
  }
};

// Into how many parts rows and blocks of columns are cut. What comes out does not depend on it.
struct Cut {
  int rows;
  int blocks;  // columns, in blocks
  int across = 1;
  int down;

  Cut(const Machine& machine, const Size& size)
      : rows(size.rows), blocks(parts(size.columns, machine.isa.block)), down(parts(rows, kRows)) {
    const int wanted = machine.threads == 1 ? 1 : kTasks * machine.threads;
    while (down * across < wanted && parts(rows, down + 1) >= kFewestRows && down < 2 * across) ++down;
    if (down * across < wanted) across = std::min(blocks, parts(wanted, down));
    while (down * across < wanted && parts(rows, down + 1) >= kFewestRows) ++down;
  }
};

double multiply(const Workspace& w, const Step& step) {
  const Size size(w.plan(), step);
  Multiplication m;
  m.in = w.floats(step.in);
  m.other = w.floats(step.other);
  m.out = w.floats(step.out);
  m.rows = size.rows;
  m.columns = size.columns;
  m.inner = size.inner;
  m.scale = static_cast<float>(step.scale);
  m.transpose_in = step.transpose_in;
  m.transpose_other = step.transpose_other;
  m.accumulate = step.accumulate;
  const Cut cut(w.machine(), size);
  const auto part = [](int n, int count, int i) {
    return static_cast<int>(static_cast<int64_t>(n) * i / count);
  };
  w.each_with_scratch(cut.down * cut.across, [&](int task, float* scratch) {
    const int i = task / cut.across;
    const int j = task % cut.across;
    const int block = w.isa().block;
    kernels::multiply(w.isa())(m, part(cut.rows, cut.down, i), part(cut.rows, cut.down, i + 1),
                               part(cut.blocks, cut.across, j) * block,
                               std::min(size.columns, part(cut.blocks, cut.across, j + 1) * block), scratch);
  });
  return 0;
}

size_t scratch(const Machine& machine, const Plan& plan, const Step& step) {
  const Cut cut(machine, Size(plan, step));
  return kernels::multiply_scratch(machine.isa)(parts(cut.rows, cut.down));
}

const RegisterOperation kMultiply("multiply", {multiply, scratch});

}  // namespace
}  // namespace scumble::cpu

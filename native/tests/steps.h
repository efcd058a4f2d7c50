// Operations alone, on plans made by hand, for any backend. All their buffers live throughout.
#pragma once

#include "../cpp/core/arena.h"
#include "support.h"

namespace steps {

using scumble::BufferId;
using scumble::BufferKind;
using scumble::kNoBuffer;
using scumble::Shape;
using scumble::Step;

class Steps {
 public:
  explicit Steps(const scumble::Backend& backend, int threads = 2) : backend_(backend), threads_(threads) {}

  BufferId tensor(const Shape& shape) { return add(BufferKind::tensor, shape, backend_.tensor_bytes(shape)); }
  BufferId dense(const Shape& shape) {
    return add(BufferKind::dense, shape, shape.elements() * sizeof(float));
  }
  BufferId working(std::string_view op, const Shape& shape) {
    return add(BufferKind::working, shape, backend_.working_bytes(op, shape));
  }
  void emit(const Step& step) {
    plan_.groups.push_back({step.op, plan_.steps.size(), 1});
    plan_.steps.push_back(step);
    plan_.slots = std::max(plan_.slots, step.slot + 1);
  }
  void compile() {
    scumble::place(plan_, buffers_);
    program_ = backend_.compile({}, plan_, threads_);
  }
  void write(BufferId to, const std::vector<float>& values) { program_->write(to, values.data()); }
  // The losses.
  std::vector<double> run(int evaluation = 0) {
    std::vector<double> losses(static_cast<size_t>(plan_.slots));
    program_->run(losses.data(), support::running(), evaluation);
    return losses;
  }
  std::vector<float> read(BufferId from) const {
    std::vector<float> values(plan_.buffer(from).shape.elements());
    program_->read(from, values.data());
    return values;
  }

 private:
  BufferId add(BufferKind kind, const Shape& shape, size_t bytes) {
    scumble::Buffer made;
    made.kind = kind;
    made.shape = shape;
    made.bytes = bytes;
    plan_.buffers.push_back(made);
    buffers_.push_back(static_cast<BufferId>(buffers_.size()));
    return buffers_.back();
  }

  const scumble::Backend& backend_;
  int threads_;
  scumble::Plan plan_;
  std::vector<BufferId> buffers_;
  std::unique_ptr<scumble::Program> program_;
};

}  // namespace steps

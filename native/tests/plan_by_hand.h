// For tests of operations alone.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "../cpp/core/arena.h"
#include "support.h"

namespace support {

// A plan under construction; all its buffers live throughout.
class PlanByHand {
 public:
  explicit PlanByHand(std::unique_ptr<scumble::Backend> backend) : backend_(std::move(backend)) {}
  explicit PlanByHand(const scumble::cpu::Isa& isa)
      : PlanByHand(std::make_unique<scumble::cpu::CpuBackend>(isa)) {}

  scumble::BufferId tensor(const scumble::Shape& shape) {
    return add(scumble::BufferKind::tensor, shape, backend_->tensor_bytes(shape));
  }
  scumble::BufferId dense(const scumble::Shape& shape) {
    return add(scumble::BufferKind::dense, shape, shape.elements() * sizeof(float));
  }
  scumble::BufferId working(std::string_view op, const scumble::Shape& features) {
    return add(scumble::BufferKind::working, features, backend_->working_bytes(op, features));
  }
  void emit(const scumble::Step& step) {
    plan_.groups.push_back({step.op, plan_.steps.size(), 1});
    plan_.steps.push_back(step);
  }
  void compile(int threads = 2) {
    scumble::place(plan_, buffers_);
    program_ = backend_->compile({}, plan_, threads);
  }
  void write(scumble::BufferId to, const std::vector<float>& values) { program_->write(to, values.data()); }
  void run() { program_->run(nullptr, support::running(), 0); }
  std::vector<float> read(scumble::BufferId from) const {
    std::vector<float> values(plan_.buffer(from).shape.elements());
    program_->read(from, values.data());
    return values;
  }

 private:
  scumble::BufferId add(scumble::BufferKind kind, const scumble::Shape& shape, size_t bytes) {
    scumble::Buffer made;
    made.kind = kind;
    made.shape = shape;
    made.bytes = bytes;
    plan_.buffers.push_back(made);
    buffers_.push_back(static_cast<scumble::BufferId>(buffers_.size()));
    return buffers_.back();
  }

  std::unique_ptr<scumble::Backend> backend_;
  scumble::Plan plan_;
  std::vector<scumble::BufferId> buffers_;
  std::unique_ptr<scumble::Program> program_;
};

}  // namespace support

// An optimiser whose vectors and scalars lie on the device: what it queues for a move, and what it is as data.
#pragma once

#include <memory>

#include "../../cpp/core/iteration.h"
#include "workspace.h"

namespace scumble::cuda {

class DeviceOptimizer {
 public:
  virtual ~DeviceOptimizer() = default;
  // Before the first move.
  virtual void start() const = 0;
  // Queues a move: the same every time, so that it can be captured.
  virtual void queue() const = 0;
  // As scumble::Optimizer; nothing that moves is on its way.
  virtual void save(const Progress& progress, State& state) const = 0;
  virtual void restore(const State& state, Progress& progress) const = 0;
};

// The workspace must outlive it.
std::unique_ptr<DeviceOptimizer> make_optimizer(const Workspace& workspace, const Update& update);

// One for each kind.
std::unique_ptr<DeviceOptimizer> make_adam(const Workspace& workspace, const Update& update);
std::unique_ptr<DeviceOptimizer> make_rmsprop(const Workspace& workspace, const Update& update);
std::unique_ptr<DeviceOptimizer> make_lbfgs(const Workspace& workspace, const Update& update);

}  // namespace scumble::cuda

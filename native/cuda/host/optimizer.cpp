#include "optimizer.h"

namespace scumble::cuda {

std::unique_ptr<DeviceOptimizer> make_optimizer(const Workspace& workspace, const Update& update) {
  switch (update.optimizer.kind) {
    case OptimizerKind::adam:
      return make_adam(workspace, update);
    case OptimizerKind::rmsprop:
      return make_rmsprop(workspace, update);
    case OptimizerKind::lbfgs:
      break;
  }
  return make_lbfgs(workspace, update);
}

}  // namespace scumble::cuda

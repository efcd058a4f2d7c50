#include "optimizer.h"

namespace scumble::cuda {

std::unique_ptr<DeviceOptimizer> make_optimizer(const Workspace& workspace, const Update& update) {
  return update.optimizer.kind == OptimizerKind::adam ? make_adam(workspace, update)
                                                      : make_lbfgs(workspace, update);
}

}  // namespace scumble::cuda

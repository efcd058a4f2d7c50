// Arithmetic on picture buffers, on the CPU.
#pragma once

#include "../core/vectors.h"
#include "workspace.h"

namespace scumble::cpu {

class CpuVectors final : public Vectors {
 public:
  explicit CpuVectors(const Workspace& workspace) : w_(workspace) {}

  void copy(BufferId to, BufferId from) override;
  double sum_abs(BufferId v) override;
  void dot_products(const std::vector<BufferId>& left, const std::vector<BufferId>& right,
                    double* out) override;
  void combine(BufferId to, const std::vector<BufferId>& terms,
               const std::vector<double>& coefficients) override;
  void adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t, double learning_rate,
            const AdamConstants& constants) override;
  void rmsprop(BufferId x, BufferId gradient, BufferId v, double learning_rate,
               const RmspropConstants& constants) override;
  void clamp(BufferId x, float low, float high) override;
  size_t elements(BufferId v) const override { return w_.shape(v).elements(); }
  std::vector<float> values(BufferId from) const override;
  void set(BufferId to, const std::vector<float>& values) override;

 private:
  const Workspace& w_;
};

}  // namespace scumble::cpu

// Arithmetic on buffers as large as the optimised variable, for optimisers that run on the host. Sums are accumulated in double in an
// order that depends only on the buffers' size.
#pragma once

#include <cstdint>
#include <vector>

#include "plan.h"

namespace scumble {

// Constants of Adam (Kingma & Ba 2014), torch's names.
struct AdamConstants {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// Of RMSprop (Tieleman & Hinton 2012), as torch's optim.RMSprop without momentum.
struct RmspropConstants {
  double decay = 0.99;  // torch's alpha
  double epsilon = 1e-8;
};

class Vectors {
 public:
  virtual ~Vectors() = default;
  virtual void copy(BufferId to, BufferId from) = 0;
  virtual double sum_abs(BufferId v) = 0;
  // out[i * right.size() + j] = left[i] . right[j], in one pass over memory.
  virtual void dot_products(const std::vector<BufferId>& left, const std::vector<BufferId>& right,
                            double* out) = 0;
  // to = sum of coefficients[i] * terms[i]; `to` may be one of the terms.
  virtual void combine(BufferId to, const std::vector<BufferId>& terms,
                       const std::vector<double>& coefficients) = 0;
  // One Adam update, `t` counted from 1; m and v are the moments.
  virtual void adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t, double learning_rate,
                    const AdamConstants& constants) = 0;

  // One RMSprop update; v is the mean of the gradient's square.
  virtual void rmsprop(BufferId x, BufferId gradient, BufferId v, double learning_rate,
                       const RmspropConstants& constants) = 0;
  // Holds every element to [low, high]; what is not a number stays so.
  virtual void clamp(BufferId x, float low, float high) = 0;

  virtual size_t elements(BufferId v) const = 0;
  virtual std::vector<float> values(BufferId from) const = 0;
  virtual void set(BufferId to, const std::vector<float>& values) = 0;
};

}  // namespace scumble

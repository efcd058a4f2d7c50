// The levels of a Laplacian pyramid on the device: a picture from its half and a detail, and the adjoint, against
// weights computed in double from where pixels lie; and both as steps of a plan.
#include "../../cpp/core/laplacian.h"

#include "job.h"
#include "pointwise.h"

namespace cuda = scumble::cuda;
using device::Array;
using support::Random;

namespace {

using Values = std::vector<float>;
using Exact = std::vector<double>;

// The share of pixel j of m in pixel i of n.
double weight(int i, int n, int j, int m) {
  const double place = n == 1 ? 0 : static_cast<double>(i) * (m - 1) / (n - 1);
  return std::max(0.0, 1 - std::abs(place - j));
}

// visit(index in the whole, index in the half, share)
template <typename Visit>
void each_share(const scumble::PyramidLevel& whole, const scumble::PyramidLevel& half, const Visit& visit) {
  for (int y = 0; y < whole.height; ++y) {
    for (int j = 0; j < half.height; ++j) {
      const double row = weight(y, whole.height, j, half.height);
      for (int x = 0; row > 0 && x < whole.width; ++x) {
        for (int i = 0; i < half.width; ++i) {
          const double share = row * weight(x, whole.width, i, half.width);
          for (int c = 0; share > 0 && c < 3; ++c) {
            visit(static_cast<size_t>((y * whole.width + x) * 3 + c),
                  static_cast<size_t>((j * half.width + i) * 3 + c), share);
          }
        }
      }
    }
  }
}

const std::vector<std::pair<int, int>> kSizes = {{1, 9},  {7, 1},  {2, 2},   {3, 3},
                                                 {5, 64}, {64, 5}, {17, 31}, {40, 33}};  // height, width

}  // namespace

TEST(cuda_laplacian_levels) {
  device::in_every_order([] {
    Random random(3);
    for (const auto& [height, width] : kSizes) {
      check::at() = std::to_string(height) + "x" + std::to_string(width);
      const scumble::Pyramid pyramid(height, width, 1);
      const auto& whole = pyramid.levels()[0];
      const auto& half = pyramid.levels()[1];
      const Values from = support::uniform(random, half.elements(), -1, 1);
      const Values detail = support::uniform(random, whole.elements(), -1, 1);
      const Values gradient = support::uniform(random, whole.elements(), -1, 1);
      Exact up(detail.begin(), detail.end());
      Exact back(from.size());
      each_share(whole, half, [&](size_t i, size_t j, double share) {
        up[i] += share * static_cast<double>(from[j]);
        back[j] += share * static_cast<double>(gradient[i]);
      });
      const Array<float> on_device(from);
      const Array<float> details(detail);
      const Array<float> slope(gradient);
      const Array<float> to(whole.elements());
      const Array<float> down(half.elements());
      cuda::laplacian_up({on_device.get(), half.height, half.width}, details.get(), {to.get(), height, width},
                         nullptr);
      cuda::laplacian_up_back({slope.get(), height, width}, {down.get(), half.height, half.width}, nullptr);
      CHECK_ALL_CLOSE(to.values(), up, 3e-7);
      CHECK_ALL_CLOSE(down.values(), back, 2e-6);
    }
  });
}

// The same plan on both backends.
TEST(cuda_laplacian_steps) {
  Random random(4);
  const job::CudaBackend backend(0, cuda::Arithmetic::float32);
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{2, 3}, std::pair{23, 18}}) {
    for (const int details : {1, 2, 9}) {
      check::at() = std::to_string(height) + "x" + std::to_string(width) + ", " + std::to_string(details);
      scumble::PlanRequest request;
      request.width = width;
      request.height = height;
      request.details = details;
      support::add_tv(request.objective, 1);
      const auto coefficients =
          support::uniform(random, scumble::Pyramid(height, width, details).elements(), -100, 100);
      std::vector<std::vector<Values>> found;
      for (const scumble::Backend* on : {static_cast<const scumble::Backend*>(&job::cpu_backend()),
                                         static_cast<const scumble::Backend*>(&backend)}) {
        const scumble::Plan plan = scumble::Plan::iteration(*on, {}, request);
        const auto program = on->compile({}, plan, 1);
        program->write(plan.variable, coefficients.data());
        double loss = 0;
        program->run(&loss, support::running(), 0);
        std::vector<Values> values;
        for (const scumble::BufferId id : {plan.picture, plan.variable_gradient}) {
          values.emplace_back(plan.buffer(id).shape.elements());
          program->read(id, values.back().data());
        }
        found.push_back(values);
      }
      CHECK_ALL_CLOSE(found[1][0], found[0][0], 1e-6);
      CHECK_ALL_CLOSE(found[1][1], found[0][1], 1e-6);
    }
  }
}

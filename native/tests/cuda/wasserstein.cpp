// Products and roots of matrices on the device, and the distance of two normal distributions that is made of them: as
// the CPU's tests have them.
#include "../products.h"
#include "../roots.h"
#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

std::unique_ptr<scumble::Backend> device_backend(Arithmetic precision = Arithmetic::float32) {
  return std::make_unique<CudaBackend>(0, precision);
}

}  // namespace

TEST(cuda_products_of_matrices) {
  Random random(1);
  for (const products::Size& size : products::kSizes) {
    const auto in = products::random_matrix(random, size.rows, size.inner);
    const auto other = products::random_matrix(random, size.inner, size.columns);
    const auto before = products::random_matrix(random, size.rows, size.columns);
    for (const products::Way& way : products::ways()) {
      check::at() = std::to_string(size.rows) + "x" + std::to_string(size.columns) + "x" +
                    std::to_string(size.inner) + (way.transpose_in ? " in transposed" : "") +
                    (way.transpose_other ? " other transposed" : "") + (way.accumulate ? " accumulated" : "");
      const auto expected = products::expected_of(size, way, in, other, before);
      // Statistics are exact whatever features are.
      for (const Arithmetic precision : {Arithmetic::float32, Arithmetic::bf16}) {
        CHECK_ALL_CLOSE(products::Made(device_backend(precision), size, way, 1).run(in, other, before),
                        expected, 1e-6);
      }
    }
  }
}

TEST(cuda_roots) {
  device::in_every_order(
      [] {
        Random random(1);
        for (const size_t n : {1, 2, 5, 33, 70}) {
          for (const bool inverse : {false, true}) {
            std::vector<double> a = roots::random_symmetric(random, n, inverse ? 0.2 : 0.01);
            for (double& x : a) x = static_cast<double>(static_cast<float>(x * 1e4));
            check::at() = std::to_string(n) + (inverse ? " inverse" : "");
            const reference::Square expected = inverse ? reference::inverse(a, n) : reference::root(a, n);
            CHECK_ALL_CLOSE(roots::root_of(device_backend(), a, n, inverse, 1), expected, 2e-5);
          }
        }
        const size_t n = 40;
        std::vector<double> a = roots::random_symmetric(random, n, 1e-9);
        for (double& x : a) x = static_cast<double>(static_cast<float>(x));
        for (const bool inverse : {false, true}) {
          check::at() = inverse ? "nearly singular, inverse" : "nearly singular";
          CHECK_ALL_CLOSE(roots::root_of(device_backend(), a, n, inverse, 1), roots::iterated(a, n, inverse),
                          1e-4);
        }
      },
      2);
}

TEST(cuda_distances) {
  Case of = roots::with("layers of all kinds", {"conv1_2", "relu2_1", "pool1"}, 0.05);
  support::add(of.objective, "gram", "relu2_1", 1, kStyle);
  of.masks = {{4, 5}, {9, 11}};
  scumble::Term& guided = support::add(of.objective, "wasserstein", "relu1_1", 1, {{1, 0.75, 1}, {2, 0.25}});
  guided.mask = 0;
  guided.parameters["regularization"] = 0.1;
  const Setting s = prepare(of, 200);
  check::at() = of.name;
  device::in_every_order([&] { check_engine(CudaBackend(0, Arithmetic::float32), s, kFloat32); }, 2);
}

// Nearest neighbours on a CUDA device: the operations, and the same bytes in every order.
#include "../nearest.h"

#include "job.h"

using scumble::cuda::Arithmetic;
using scumble::cuda::CudaBackend;

TEST(matches_of_a_grid) {
  device::in_every_order([] { nearest::check_look_up(CudaBackend(0, Arithmetic::float32), "cuda"); }, 2);
}

TEST(nearest_rows) {
  nearest::check_nearest(CudaBackend(0, Arithmetic::float32), "cuda");
}

TEST(nearest_rows_in_every_order) {
  support::Random random(5);
  const reference::Matrix a = reference::Units(nearest::matrix(random, 90, 20)).rows;
  const reference::Matrix b = reference::Units(nearest::matrix(random, 700, 20)).rows;
  const CudaBackend backend(0, Arithmetic::float32);
  const nearest::Found expected = nearest::find(backend, a, b, 0.05);
  device::in_every_order([&] {
    const nearest::Found found = nearest::find(backend, a, b, 0.05);
    CHECK(found.matches == expected.matches);
    CHECK(found.again == expected.again);
    CHECK(found.gradient == expected.gradient);
    CHECK(found.loss == expected.loss);
  });
}

TEST(not_a_number) {
  support::Random random(6);
  reference::Matrix a = nearest::matrix(random, 9, 5);
  a.at(3, 2) = NAN;
  const reference::Matrix b = nearest::matrix(random, 40, 5);
  const CudaBackend backend(0, Arithmetic::float32);
  CHECK(!std::isfinite(nearest::find(backend, a, b, 0.05).loss));
}

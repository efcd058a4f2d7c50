// Sliced Wasserstein distances on the device: the operations by themselves, in every order, and the term in whole objectives.
#include "../sliced_wasserstein.h"

#include "job.h"

namespace {

using job::CudaBackend;

const CudaBackend& backend() {
  static const CudaBackend made(0, job::Arithmetic::float32);
  return made;
}

}  // namespace

TEST(cuda_directions_by_lot) {
  device::in_every_order([] { sliced::check_directions(backend()); }, 2);
}

TEST(cuda_all_cells_of_a_grid) {
  sliced::check_cells(backend());
}

TEST(cuda_differences_of_what_is_sorted) {
  device::in_every_order([] { sliced::check_sorted_difference(backend()); }, 2);
}

// Drawn, projected and scattered back on the device too.
TEST(cuda_sliced_wasserstein_in_objectives) {
  check::at() = "cuda";
  sliced::check_objectives(backend());
}

// Dense layers and recognition on a device: as the CPU's tests have them.
#include "../dense.h"

#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

TEST(cuda_terms_on_dense_layers) {
  uint64_t seed = 40;
  for (const Case& of : dense::terms()) {
    check::at() = of.name;
    const Setting s = prepare(of, seed++);
    device::in_every_order([&] { check_engine(CudaBackend(0, Arithmetic::float32), s, kFloat32); }, 2);
  }
}

TEST(cuda_recognition) {
  dense::check_recognition(CudaBackend(0, Arithmetic::float32), 2e-6);
}

// Features of bfloat16, products in float32.
TEST(cuda_recognition_in_bf16) {
  const Case of = dense::with_classifier("bf16", {26, 37});
  Random random(2);
  const reference::Tensor shown = picture(random, of.content);
  const std::vector<float> pixels = support::floats(shown);
  const CudaBackend backend(0, Arithmetic::bf16);
  const auto network = backend.load(of.model.architecture, of.model.weights);
  CHECK(network->all_bytes() == backend.network_bytes(of.model.architecture));
  const scumble::Recognized found =
      scumble::recognize(backend, network, 3, 1, support::view(pixels, 37, 26), support::running());
  CHECK_ALL_CLOSE(found.logits, dense::expected_of(of.model, shown).logits, 3e-2);
}

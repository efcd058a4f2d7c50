// Dense layers by every instruction set: forward, their gradient in whole objectives, and recognition by them.
#include "dense.h"

#include "../cpp/core/error.h"
#include "../cpp/core/features.h"
#include "check.h"
#include "check_both.h"

using scumble::cpu::CpuBackend;

TEST(dense_layers_are_features) {
  const dense::Case of = dense::with_classifier("features", {23, 37});
  support::Random random(3);
  const reference::Tensor shown = dense::picture(random, of.content);
  const std::vector<float> pixels = support::floats(shown);
  for (const scumble::cpu::Isa* isa : support::isas()) {
    const CpuBackend backend(*isa);
    const auto network = backend.load(of.model.architecture, of.model.weights);
    scumble::FeatureRequest request;
    request.layers = {"fc8", "relu6", "fc7"};
    request.threads = 2;
    const auto found =
        features_of(backend, network, request, support::view(pixels, 37, 23), support::running());
    const auto tape = of.model.forward(shown, of.model.place("fc8"));
    for (size_t i = 0; i < found.size(); ++i) {
      check::at() = std::string(isa->name) + ", " + request.layers[i];
      const reference::Tensor& expected = tape[of.model.place(request.layers[i])];
      CHECK(found[i].shape.height == 3 && found[i].shape.width == 7);
      CHECK_ALL_CLOSE(found[i].values, expected.values, 2e-6);
    }
  }
}

TEST(terms_on_dense_layers) {
  uint64_t seed = 40;
  for (const dense::Case& of : dense::terms()) cases::check_both(of, seed++);
}

TEST(recognition) {
  for (const scumble::cpu::Isa* isa : support::isas()) {
    check::at() = isa->name;
    dense::check_recognition(CpuBackend(*isa), 2e-6);
  }
}

TEST(what_recognition_takes_is_known) {
  const dense::Case of = dense::with_classifier("bytes", {23, 37});
  const support::Recording backend(*support::isas()[0]);
  const auto network = backend.load(of.model.architecture, of.model.weights);
  support::Random random(4);
  const std::vector<float> pixels = support::uniform(random, 3 * 23 * 37, 0, 255);
  const auto found =
      scumble::recognize(backend, network, 1, 2, support::view(pixels, 37, 23), support::running());
  const size_t features =
      found.likely[0].heat.size() * static_cast<size_t>(of.model.architecture.convolutions.back().outputs);
  CHECK(scumble::recognition_bytes(backend, of.model.architecture, 2, 37, 23) ==
        backend.program_bytes(backend.plans.back(), 2) + features * sizeof(float));
}

TEST(what_cannot_be_recognized) {
  dense::Case of = dense::with_classifier("faults", {12, 12});
  const CpuBackend backend(*support::isas()[0]);
  const std::vector<float> pixels(3 * 12 * 12, 100);
  const auto recognize = [&](int side, const std::atomic<bool>& cancelled = support::running()) {
    const auto network = backend.load(of.model.architecture, of.model.weights);
    return scumble::recognize(backend, network, 1, 1, support::view(pixels, side, side), cancelled);
  };
  CHECK(recognize(12).likely.size() == 1);
  CHECK_THROWS(scumble::InvalidArgument, recognize(11));  // no window is left
  const std::atomic<bool> cancelled{true};
  CHECK_THROWS(scumble::Cancelled, recognize(12, cancelled));
  of.model.weights.back().bias[0] = NAN;
  CHECK_THROWS(scumble::InvalidArgument, recognize(12));
  of.model.weights.resize(of.model.architecture.convolutions.size());
  of.model.architecture.dense.clear();
  CHECK_THROWS(scumble::InvalidArgument, recognize(12));
}

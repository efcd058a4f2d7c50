// Features as they are: of every kind of layer, against the network in double, on every instruction set.
#include "../cpp/core/features.h"

#include <algorithm>

#include "../cpp/core/error.h"
#include "../cpp/core/layer_costs.h"
#include "check.h"
#include "support.h"

using scumble::FeatureRequest;
using scumble::InvalidArgument;
using support::Random;

namespace {

reference::Model model_of(Random& random) {
  return support::random_model(random, {2, 2, 3}, [&] { return random.integer(3, 19); });
}

}  // namespace

TEST(layers_in_the_order_asked_for) {
  for (const scumble::cpu::Isa* isa : support::isas()) {
    for (const auto rounding : {scumble::Rounding::floor, scumble::Rounding::ceil}) {
      check::at() = isa->name;
      Random random(rounding == scumble::Rounding::floor ? 3 : 4);
      reference::Model model = model_of(random);
      model.rounding = rounding;
      const scumble::cpu::CpuBackend backend(*isa);
      const std::shared_ptr<const scumble::Network> network = backend.load(model.architecture, model.weights);
      const reference::Tensor picture = support::random_tensor(random, 3, 23, 37, 0, 255);
      const std::vector<float> pixels = support::floats(picture);
      FeatureRequest request;
      request.layers = {"relu3_2", "conv1_1", "pool1", "relu2_2", "relu1_1"};
      request.rounding = rounding;
      request.threads = 3;
      const auto found =
          features_of(backend, network, request, support::view(pixels, 37, 23), support::running());
      CHECK(found.size() == request.layers.size());
      const auto tape = model.forward(picture, model.place("relu3_2"));
      for (size_t i = 0; i < found.size(); ++i) {
        const reference::Tensor& expected = tape[model.place(request.layers[i])];
        check::at() = std::string(isa->name) + ", " + request.layers[i];
        CHECK(found[i].shape.channels == expected.channels);
        CHECK(found[i].shape.height == expected.height);
        CHECK(found[i].shape.width == expected.width);
        CHECK_ALL_CLOSE(found[i].values, expected.values, 2e-6);
      }
      request.threads = 1;
      const auto alone =
          features_of(backend, network, request, support::view(pixels, 37, 23), support::running());
      for (size_t i = 0; i < found.size(); ++i) CHECK(found[i].values == alone[i].values);
    }
  }
}

TEST(what_it_takes_is_known) {
  Random random(5);
  const reference::Model model = model_of(random);
  const support::Recording backend(*support::isas()[0]);
  const auto network = backend.load(model.architecture, model.weights);
  const std::vector<float> pixels = support::uniform(random, 3 * 23 * 37, 0, 255);
  FeatureRequest request;
  request.layers = {"relu1_2", "relu2_1"};
  const auto found =
      features_of(backend, network, request, support::view(pixels, 37, 23), support::running());
  size_t bytes = backend.program_bytes(backend.plans.back(), request.threads);
  for (const scumble::Features& layer : found) bytes += layer.values.size() * sizeof(float);
  CHECK(features_bytes(backend, model.architecture, request, 37, 23) == bytes);
}

TEST(costs_of_every_layer) {
  Random random(7);
  const reference::Model model = model_of(random);
  // As it is, and as a backend that makes two steps at once.
  for (const bool fused : {false, true}) {
    support::Recording backend(*support::isas()[0]);
    if (fused) {
      backend.fuse_by = [](const scumble::Plan& plan) {
        std::vector<scumble::Group> groups = {{plan.steps[0].op, 0, 1}, {plan.steps[1].op, 1, 2}};
        for (size_t i = 3; i < plan.steps.size(); ++i) groups.push_back({plan.steps[i].op, i, 1});
        return groups;
      };
    }
    const auto network = backend.load(model.architecture, model.weights);
    FeatureRequest request;
    request.threads = 2;
    const auto costs = layer_costs(backend, network, request, 37, 23, 3, support::running());
    const std::vector<std::string> names = {"input", "conv1_1", "conv1_2", "pool1",   "conv2_1", "conv2_2",
                                            "pool2", "conv3_1", "conv3_2", "conv3_3", "pool3"};
    CHECK(costs.size() >= names.size() - 1);
    for (size_t i = 0; i < costs.size(); ++i) {
      CHECK(costs[i].name == names[i]);
      CHECK(costs[i].bytes / 64 ==
            (backend.tensor_bytes(costs[i].shape) + 63) / 64);  // as the arena lays them
      CHECK(costs[i].seconds > 0);
    }
    CHECK(costs[3].shape.width == 18);
    CHECK(costs[3].shape.height == 11);
    CHECK(costs[4].shape.channels == model.architecture.convolutions[2].outputs);
    const std::atomic<bool> cancelled{true};
    CHECK_THROWS(scumble::Cancelled, layer_costs(backend, network, request, 37, 23, 1, cancelled));
  }
}

TEST(what_cannot_be) {
  Random random(6);
  const reference::Model model = model_of(random);
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  const auto network = backend.load(model.architecture, model.weights);
  const std::vector<float> pixels = support::uniform(random, 3 * 2 * 2, 0, 255);
  const auto features = [&](const std::vector<std::string>& layers, const std::atomic<bool>& cancelled) {
    FeatureRequest request;
    request.layers = layers;
    return features_of(backend, network, request, support::view(pixels, 2, 2), cancelled);
  };
  CHECK(features({"relu2_1"}, support::running()).size() == 1);
  CHECK_THROWS(InvalidArgument, features({"relu9_1"}, support::running()));
  CHECK_THROWS(InvalidArgument, features({"relu1_1", "relu1_1"}, support::running()));
  CHECK_THROWS(InvalidArgument, features({"relu3_1"}, support::running()));  // no pixel is left there
  const std::atomic<bool> cancelled{true};
  CHECK_THROWS(scumble::Cancelled, features({"relu1_1"}, cancelled));
}

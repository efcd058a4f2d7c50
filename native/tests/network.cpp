// Networks that are no chain of convolutions, and weights that do not fit, are refused.
#include "../cpp/core/network.h"

#include "../cpp/core/error.h"
#include "check.h"
#include "support.h"

using scumble::InvalidArgument;
using support::Random;

TEST(architectures) {
  const auto architecture = [](std::vector<scumble::Convolution> convolutions) {
    scumble::Architecture made;
    made.convolutions = std::move(convolutions);
    return made;
  };
  validate(architecture({{1, 1, 3, 4}, {1, 2, 4, 5}, {2, 1, 5, 6}}));
  for (const auto& bad : {architecture({}), architecture({{1, 1, 4, 4}}), architecture({{1, 2, 3, 4}}),
                          architecture({{2, 1, 3, 4}}), architecture({{1, 1, 3, 4}, {1, 3, 4, 4}}),
                          architecture({{1, 1, 3, 4}, {1, 2, 5, 4}}), architecture({{1, 1, 3, 0}}),
                          architecture({{1, 1, 3, 4}, {3, 1, 4, 4}}), architecture({{1, 1, 3, 10000}})}) {
    CHECK_THROWS(InvalidArgument, validate(bad));
  }
  scumble::Architecture bad = architecture({{1, 1, 3, 4}});
  bad.preprocessing.std[1] = 0;
  CHECK_THROWS(InvalidArgument, validate(bad));
  bad = architecture({{1, 1, 3, 4}});
  bad.preprocessing.range = NAN;
  CHECK_THROWS(InvalidArgument, validate(bad));
  // And weights that do not fit it.
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  const auto good = architecture({{1, 1, 3, 4}});
  Random random(1);
  CHECK_THROWS(InvalidArgument, backend.load(good, {}));
  CHECK_THROWS(InvalidArgument, backend.load(good, {support::random_weights(random, 3, 5)}));
  CHECK(backend.load(good, {support::random_weights(random, 3, 4)})->bytes() > 0);
}

TEST(classifiers) {
  const auto architecture = [](std::vector<scumble::Dense> dense, bool whole = true) {
    scumble::Architecture made;
    made.convolutions = {{1, 1, 3, 4}};
    made.whole = whole;
    made.dense = std::move(dense);
    return made;
  };
  const scumble::Architecture good = architecture({{4, 2, 5}, {5, 1, 6}, {6, 1, 7}});
  validate(good);
  std::string names;
  for (const scumble::Layer& layer : layers_of(good)) names += layer.name + " ";
  CHECK(names == "conv1_1 relu1_1 pool1 fc6 relu6 fc7 relu7 fc8 ");
  for (const auto& bad : {architecture({{3, 2, 5}}), architecture({{4, 0, 5}}), architecture({{4, 65, 5}}),
                          architecture({{4, 2, 0}}), architecture({{4, 2, 5}, {4, 1, 6}}),
                          architecture({{4, 2, 5}}, false), architecture({{4, 64, 131072}})}) {
    CHECK_THROWS(InvalidArgument, validate(bad));
  }
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  const scumble::Architecture one = architecture({{4, 2, 5}});
  Random random(1);
  std::vector<scumble::ConvolutionWeights> weights = {support::random_weights(random, 3, 4)};
  CHECK_THROWS(InvalidArgument, backend.load(one, weights));
  weights.push_back({std::vector<float>(80), std::vector<float>(5)});
  const auto network = backend.load(one, weights);
  CHECK(network->all_bytes() == network->bytes() + 85 * sizeof(float));
  CHECK(network->all_bytes() == backend.network_bytes(one));
  weights[1].weight.pop_back();
  CHECK_THROWS(InvalidArgument, backend.load(one, weights));
}

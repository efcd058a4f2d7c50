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

// Positions, samples and what is compared of them on the CUDA backend: against the reference in double, in the same
// bytes in every order, alone and in a whole objective.
#include "../hypercolumns.h"
#include "../sample_losses.h"
#include "device.h"
#include "job.h"

using namespace job;  // NOLINT(google-build-using-namespace): this file is about nothing else

TEST(cuda_positions) {
  device::in_every_order([] { hypercolumns::check_draw(CudaBackend(0, Arithmetic::float32)); }, 2);
}

// bfloat16 rounds whenever a position adds to a gradient.
TEST(cuda_samples) {
  device::in_every_order(
      [] {
        hypercolumns::check_samples(CudaBackend(0, Arithmetic::float32), 2e-6, [](double v) { return v; });
        hypercolumns::check_samples(CudaBackend(0, Arithmetic::bf16), 2e-2,
                                    [](double v) { return device::rounded(v, Arithmetic::bf16); });
      },
      2);
}

TEST(cuda_losses_of_samples) {
  device::in_every_order([] { sample_losses::check_all(CudaBackend(0, Arithmetic::float32)); }, 2);
}

TEST(cuda_terms_of_samples) {
  Case of = small_case("all of strotss and nnst on CUDA");
  of.masks = {{9, 11}};
  for (const char* kind : {"relaxed-emd", "moments", "palette", "self-similarity", "nearest-field"}) {
    const bool content = std::string(kind) == "self-similarity";
    const bool field = std::string(kind) == "nearest-field";
    scumble::Term& term = support::add(of.objective, kind, "", 1,
                                       content ? kContent
                                       : field ? kMatched
                                               : kStyle);
    if (std::string(kind) != "palette") term.layers = {"picture", "relu1_1", "relu2_2"};
    term.parameters["samples"] = 17;
    if (!content) term.parameters["styleSamples"] = 23;
    term.mask = 0;
    if (content) term.targets[0].mask = 0;
  }
  support::add(of.objective, "gram", "relu1_1", 1, kStyle);
  const Setting s = prepare(of, 100);
  device::in_every_order([&] { check_engine(CudaBackend(0, Arithmetic::float32), s, kFloat32); }, 2);
}

// Evaluations are counted on the device: a run that goes on looks where the one that did not stop does.
TEST(cuda_samples_are_drawn_by_evaluation) {
  Job of = make(Pooling::average, {18, 21}, 8, 2);
  for (const char* kind : {"relaxed-emd", "self-similarity"}) {
    scumble::Term& term = support::add(of.options.objective, kind, "relu1_2", 1, {{0}});
    term.layers.emplace_back("picture");
    term.parameters["samples"] = 30;
  }
  of = kWays[0].on(of);
  const CudaBackend backend(0, Arithmetic::float32);
  scumble::Session through = of.start(backend);
  through.step(support::running(), 3);
  const scumble::State middle = through.save();
  through.step(support::running(), 3);
  scumble::Session resumed = of.start(backend);
  resumed.restore(middle);
  resumed.step(support::running(), 3);
  CHECK(result_of(resumed) == result_of(through));
  CHECK(same(resumed.save(), through.save()));
}

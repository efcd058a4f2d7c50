// The losses of STROTSS and NNST in a whole objective: several layers of one term, the picture among them.
#include "../cpp/core/error.h"
#include "check_both.h"

using namespace cases;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

const std::vector<std::string> kLayers = {"relu1_1", "conv1_2", "relu2_1", "pool2"};
const std::vector<std::string> kWithPicture = {"picture", "relu1_1", "relu2_2"};

scumble::Term& add(Case& of, const char* kind, const std::vector<std::string>& layers) {
  const bool content = std::string(kind) == "self-similarity";
  const bool field = std::string(kind) == "nearest-field";
  scumble::Term& term = support::add(of.objective, kind, "", 1,
                                     content ? kContent
                                     : field ? kMatched
                                             : kStyle);
  term.layers = layers;
  term.parameters["samples"] = 17;
  if (!content) term.parameters["styleSamples"] = 23;
  return term;
}

}  // namespace

TEST(terms_of_samples) {
  for (const char* kind : {"relaxed-emd", "moments", "self-similarity", "nearest-field"}) {
    for (const auto& layers : std::vector<std::vector<std::string>>{
             {"relu2_1"}, {"pool2", "conv1_1"}, {"picture"}, kLayers, kWithPicture}) {
      Case of = small_case(std::string(kind) + " of " + std::to_string(layers.size()) + " with " + layers[0]);
      add(of, kind, layers);
      check_both(of, 30000);
    }
  }
  Case of = small_case("palette");
  add(of, "palette", {});
  check_both(of, 31000);
}

// Beside others, which look at the same places, before and after them.
TEST(terms_of_samples_among_others) {
  Case of = small_case("all of strotss");
  add(of, "relaxed-emd", kWithPicture);
  add(of, "moments", kWithPicture);
  add(of, "palette", {});
  add(of, "self-similarity", kLayers);
  check_both(of, 32000);
  add(of, "nearest-field", kLayers);
  support::add(of.objective, "gram", "relu1_1", 1, kStyle);
  support::add(of.objective, "content", "conv2_2", 1, kContent);
  support::add(of.objective, "mean-std", "relu2_1", 1, kStyle);
  support::add_tv(of.objective, 1);
  of.name = "all of strotss and more";
  check_both(of, 32100);
}

// Where masks leave something, of the picture and of its targets.
TEST(terms_of_samples_with_masks) {
  Case of = small_case("masked samples");
  of.masks = {{4, 5}, {9, 11}, {31, 17}};
  for (const char* kind : {"relaxed-emd", "moments", "palette"}) {
    scumble::Term& term =
        add(of, kind, std::string(kind) == "palette" ? std::vector<std::string>{} : kWithPicture);
    term.mask = 1;
    term.targets[0].mask = 2;
    term.targets[1].mask = 0;
  }
  scumble::Term& content = add(of, "self-similarity", kLayers);
  content.mask = content.targets[0].mask = 1;
  scumble::Term& field = add(of, "nearest-field", kWithPicture);
  field.mask = 1;
  field.targets[1].mask = 2;
  check_both(of, 33000);
}

// Scaled as the network's input is, whatever that is.
TEST(terms_of_samples_and_the_input) {
  for (const bool unit : {false, true}) {
    Case of = small_case("samples of a picture");
    prepare_input(of.model, unit, !unit, Padding::zero);
    for (const char* kind : {"relaxed-emd", "moments", "self-similarity", "nearest-field"})
      add(of, kind, kWithPicture);
    check_both(of, 34000);
  }
}

// As many samples as the picture's size says, though the images have others.
TEST(how_many_samples) {
  Case of = small_case("default samples");
  of.content = {27, 31};
  of.style = {12, 9};
  for (const char* kind : {"relaxed-emd", "palette"})
    add(of, kind,
        std::string(kind) == "palette" ? std::vector<std::string>{} : std::vector<std::string>{"relu1_2"})
        .parameters.clear();
  check_cpu(of, prepare(of, 35000));
}

// Another evaluation looks elsewhere, and a run that goes on looks where the one that did not stop does, on any
// number of threads.
TEST(samples_are_drawn_by_evaluation) {
  Case of = small_case("samples of a run");
  of.content = {19, 23};
  add(of, "relaxed-emd", kWithPicture);
  add(of, "moments", kWithPicture);
  add(of, "palette", {});
  add(of, "self-similarity", kLayers);
  add(of, "nearest-field", kLayers);
  const Setting s = prepare(of, 36000);
  const scumble::cpu::CpuBackend backend(scumble::cpu::isa());
  const auto session = [&](int threads, uint64_t seed) {
    Ingredients made(backend, s);
    made.options.threads = threads;
    made.options.seed = seed;
    made.options.optimizer.kind = scumble::OptimizerKind::adam;
    return scumble::Session(backend, made.networks, made.options, made.images, support::running());
  };
  scumble::Session through = session(2, 5);
  const std::vector<double> first = through.step(support::running()).terms;
  through.step(support::running(), 3);
  const scumble::State middle = through.save();
  through.step(support::running(), 4);
  const std::vector<float> expected = through.result().values();
  for (const int threads : {1, 3}) {
    scumble::Session again = session(threads, 5);
    CHECK(again.step(support::running()).terms == first);
    scumble::Session resumed = session(threads, 5);
    resumed.restore(middle);
    resumed.step(support::running(), 4);
    CHECK(resumed.result().values() == expected);
  }
  CHECK(session(2, 6).step(support::running()).terms != first);
  // A picture that stands still.
  scumble::Session still = session(2, 5);
  scumble::State moved = still.save();
  moved.numbers["iteration"] = {1, 0};
  CHECK(still.evaluate(support::running()).terms == first);
  still.restore(moved);
  std::vector<double> second = still.evaluate(support::running()).terms;
  for (const size_t t : {0, 1, 2, 4}) CHECK(second[t] != first[t]);
  // Of eight sets, another one before long.
  for (int i = 2; i < 40 && second[3] == first[3]; ++i) {
    moved.numbers["iteration"] = {static_cast<double>(i), 0};
    still.restore(moved);
    second = still.evaluate(support::running()).terms;
  }
  CHECK(second[3] != first[3]);
}

// A picture of fewer pixels than a cell has, and one whose sides are no multiples of it.
TEST(fields_of_any_size) {
  for (const Size size : {Size{1, 1}, Size{3, 5}, Size{30, 23}}) {
    Case of = small_case("field of " + std::to_string(size.height) + "x" + std::to_string(size.width));
    of.content = size;
    add(of, "nearest-field", {"relu1_2", "conv1_1"});
    check_cpu(of, prepare(of, 37000));
  }
}

TEST(bad_terms_of_samples) {
  const scumble::cpu::CpuBackend backend(scumble::cpu::isa());
  const auto refused = [&](const std::function<void(Case&)>& spoil) {
    Case of = small_case("bad");
    add(of, "self-similarity", {"relu1_1"});
    add(of, "relaxed-emd", {"relu1_1"});
    scumble::PlanRequest request;
    request.width = request.height = 9;
    spoil(of);
    request.objective = of.objective;
    try {
      scumble::Plan::iteration(backend, {&of.model.architecture}, request);
    } catch (const scumble::InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refused([](Case&) {}).empty());
  CHECK(refused([](Case& of) { of.objective.terms[0].targets = kStyle; }) ==
        "the term \"0\" (self-similarity) takes one target image");
  const std::string unmatched = "the term \"1\" (nearest-field) needs a source, and what it is matched with";
  for (const bool source : {false, true}) {
    CHECK(refused([&](Case& of) {
            of.objective.terms[1].kind = "nearest-field";
            for (scumble::Target& target : of.objective.terms[1].targets) target.source = source;
          }) == unmatched);
  }
  CHECK(refused([](Case& of) { of.objective.terms[1].targets[0].source = true; }) ==
        "the term \"1\" (relaxed-emd) takes no source");
  CHECK(refused([](Case& of) { of.objective.terms[1].parameters["samples"] = 0; }) ==
        "the term \"1\" needs samples from 1 to 65536");
  CHECK(refused([](Case& of) { of.objective.terms[1].parameters["styleSamples"] = 1e9; }) ==
        "the term \"1\" needs styleSamples from 1 to 65536");
}

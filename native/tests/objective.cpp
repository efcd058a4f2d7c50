// Objectives that cannot be: each is refused with a message that names the term and says what is wrong.
#include "../cpp/core/objective.h"

#include <functional>

#include "../cpp/core/error.h"
#include "../cpp/core/losses/loss.h"
#include "check.h"
#include "support.h"

using scumble::InvalidArgument;
using scumble::Objective;
using scumble::Term;

namespace {

// A kind with a parameter, which none of the engine's own has.
class Parametric final : public scumble::Loss {
 public:
  std::vector<std::string> parameters() const override { return {"sharpness"}; }
  std::vector<scumble::BufferId> describe(scumble::Graph&, const scumble::Site& at) const override {
    return {at.features};
  }
  void measure(scumble::Graph&, scumble::Site&) const override {}
  void differentiate(scumble::Graph& graph, scumble::Site& at) const override {
    scumble::Step step{};
    step.op = "difference";
    step.in = at.features;
    step.other = graph.target(at, scumble::BufferKind::tensor, at.shape);
    step.slot = at.slot;
    step.scale = at.term->parameters.at("sharpness");
    graph.contribute(step);
  }
};

const scumble::LossKind kParametric("parametric", std::make_unique<Parametric>());

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

// Of a good objective that was changed; both plans refuse it alike.
std::string refusal(const std::function<void(Objective&)>& change) {
  support::Random random(1);
  const auto model = support::random_model(random, {2, 1}, [] { return 4; });
  scumble::PlanRequest request;
  request.width = request.height = 8;
  Objective& objective = request.objective;
  support::add(objective, "content", "relu1_2", 1, {{0}}).name = "shape";
  support::add(objective, "gram", "relu2_1", 1, {{1, 0.5}, {2, 0.5, 0}}).name = "paint";
  support::add(objective, "mean-std", "conv1_1", 1, {{1}}).name = "colours";
  support::add(objective, "histogram", "pool1", 1, {{1}}).name = "tones";
  support::add(objective, "parametric", "pool1", 1, {{1}}).name = "edges";
  objective.terms[4].parameters["sharpness"] = 2;
  support::add_tv(objective, 1).name = "smoothness";
  change(objective);
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  const scumble::Architectures networks = {&model.architecture};
  const std::string found = message_of([&] { scumble::Plan::iteration(backend, networks, request); });
  CHECK(message_of([&] { scumble::Plan::collect(backend, networks, request, 1); }) == found);
  return found;
}

std::string refusal_of_term(size_t index, const std::function<void(Term&)>& change) {
  return refusal([&](Objective& objective) { change(objective.terms[index]); });
}

void check_message(const std::string& found, const std::string& expected) {
  check::at() = "\"" + found + "\"";
  CHECK(found == expected);
}

}  // namespace

TEST(a_good_objective) {
  check_message(refusal([](Objective&) {}), "");
  check_message(refusal_of_term(1, [](Term& t) { t.mask = 1; }), "");
  check_message(refusal_of_term(2, [](Term& t) { t.mask = t.targets[0].mask = 0; }), "");
  check_message(refusal_of_term(0, [](Term& t) { t.weight = -1; }), "");
}

TEST(kinds) {
  CHECK(scumble::loss_kinds() ==
        (std::vector<std::string>{"content", "gram", "histogram", "mean-std", "moments", "nearest",
                                  "nearest-field", "palette", "parametric", "relaxed-emd", "self-similarity",
                                  "sliced-wasserstein", "tv", "tv-diagonal", "tv-gradient", "tv-squared",
                                  "wasserstein"}));
  check_message(refusal_of_term(0, [](Term& t) { t.kind = "contents"; }),
                "there is no kind of loss called \"contents\"");
  check_message(refusal_of_term(0, [](Term& t) { t.kind = ""; }), "there is no kind of loss called \"\"");
}

TEST(names) {
  check_message(refusal([](Objective& o) { o.terms.clear(); }), "the objective has no term");
  check_message(refusal_of_term(5, [](Term& t) { t.name = "paint"; }), "two terms have the name \"paint\"");
  check_message(refusal_of_term(1, [](Term& t) { t.name = ""; }), "the term \"\" (gram) has no name");
}

TEST(weights) {
  for (const double weight : {NAN, INFINITY, -INFINITY}) {
    check_message(refusal_of_term(5, [&](Term& t) { t.weight = weight; }),
                  "the term \"smoothness\" (tv) has a weight that is not finite");
  }
}

TEST(places) {
  check_message(refusal_of_term(1, [](Term& t) { t.network = 1; }),
                "the term \"paint\" (gram) looks at network 1, which there is not");
  check_message(refusal_of_term(3, [](Term& t) { t.network = -1; }),
                "the term \"tones\" (histogram) looks at network -1, which there is not");
  check_message(refusal_of_term(2, [](Term& t) { t.layers = {"relu1_3"}; }),
                "the term \"colours\" (mean-std) looks at relu1_3, but the network has no such layer");
  check_message(refusal_of_term(2, [](Term& t) { t.layers = {}; }),
                "the term \"colours\" (mean-std) needs a layer to look at");
  check_message(refusal_of_term(5, [](Term& t) { t.layers = {"relu1_1"}; }),
                "the term \"smoothness\" (tv) looks at the picture, not at relu1_1");
}

TEST(targets) {
  for (const size_t index : {size_t{0}, size_t{1}, size_t{2}, size_t{3}}) {
    const std::string found = refusal_of_term(index, [](Term& t) { t.targets.clear(); });
    check_message(found.substr(found.find(')')), ") needs a target image");
  }
  check_message(refusal_of_term(5, [](Term& t) { t.targets = {{0}}; }),
                "the term \"smoothness\" (tv) takes no target image");
  check_message(refusal_of_term(1, [](Term& t) { t.targets[1].image = -1; }),
                "the term \"paint\" (gram) has a target that is no image");
  for (const double blend : {NAN, INFINITY}) {
    check_message(refusal_of_term(1, [&](Term& t) { t.targets[1].blend = blend; }),
                  "the term \"paint\" (gram) has a blend that is not finite");
  }
}

TEST(masks) {
  check_message(refusal_of_term(0, [](Term& t) { t.mask = 0; }),
                "the term \"shape\" (content) takes no mask");
  check_message(refusal_of_term(3, [](Term& t) { t.targets[0].mask = 0; }),
                "the term \"tones\" (histogram) takes no mask");
  check_message(refusal_of_term(5, [](Term& t) { t.mask = 2; }),
                "the term \"smoothness\" (tv) takes no mask");
}

TEST(parameters) {
  check_message(refusal_of_term(1, [](Term& t) { t.parameters["sharpness"] = 1; }),
                "the term \"paint\" (gram) has no parameter \"sharpness\"");
  check_message(refusal_of_term(4, [](Term& t) { t.parameters["softness"] = 1; }),
                "the term \"edges\" (parametric) has no parameter \"softness\"");
  for (const double value : {NAN, INFINITY}) {
    check_message(refusal_of_term(4, [&](Term& t) { t.parameters["sharpness"] = value; }),
                  "the term \"edges\" (parametric) has a sharpness that is not finite");
  }
}

// What only a session knows: which images and masks there are, and of what size.
TEST(images) {
  support::Random random(1);
  const auto model = support::random_model(random, {2, 1}, [] { return 4; });
  const std::vector<float> pixels(8 * 8 * 3, 100);
  const std::vector<float> mask(6, 1);
  const scumble::cpu::CpuBackend backend(*support::isas()[0]);
  const scumble::Networks networks = {backend.load(model.architecture, model.weights)};
  const auto refused = [&](const std::function<void(Objective&, scumble::SessionImages&)>& change) {
    scumble::SessionOptions options;
    support::add(options.objective, "content", "relu1_2", 1, {{0}}).name = "shape";
    support::add(options.objective, "gram", "relu2_1", 1, {{1}}).name = "paint";
    scumble::SessionImages images;
    images.start = support::view(pixels, 8, 6);
    images.targets = {support::view(pixels, 8, 6), support::view(pixels, 5, 7)};
    images.masks = {support::mask_view(mask, 2, 3)};
    change(options.objective, images);
    return message_of([&] { scumble::Session(backend, networks, options, images, support::running()); });
  };
  check_message(refused([](auto&, auto&) {}), "");
  check_message(refused([](auto& o, auto&) { o.terms[1].targets[0].image = 2; }),
                "the term \"paint\" has image 2 as its target, which there is not");
  check_message(refused([](auto& o, auto&) { o.terms[0].targets[0].image = 1; }),
                "the target of \"shape\" must have the picture's size");
  check_message(refused([&](auto&, auto& i) { i.start = support::view(pixels, 6, 8); }),
                "the target of \"shape\" must have the picture's size");
  check_message(refused([](auto& o, auto&) { o.terms[1].mask = 1; }), "there is no mask 1");
  check_message(refused([](auto& o, auto&) { o.terms[1].targets[0].mask = 1; }), "there is no mask 1");
  check_message(refused([&](auto&, auto& i) { i.targets[1] = support::view(pixels, 0, 5); }),
                "a picture needs at least one pixel");
  check_message(refused([&](auto& o, auto& i) {
                  o.terms[1].mask = 0;
                  i.masks[0].width = 0;
                }),
                "a mask leaves nothing of its image");
}

// Networks with a classifier, as every backend is tested with them: terms on dense layers, and recognition against its
// definition in double. Include it after check.h.
#pragma once

#include <algorithm>
#include <numeric>

#include "../cpp/core/recognition.h"
#include "cases.h"

namespace dense {

using namespace cases;  // NOLINT(google-build-using-namespace): these are cases

// Two blocks, and dense layers whose outputs are no multiple of anything. The first one's window takes three positions
// of pool2.
inline Case with_classifier(const std::string& name, Size content) {
  Random random(5);
  Case made;
  made.name = name;
  made.model = support::random_model(random, {1, 2}, [&] { return random.integer(5, 11); });
  prepare_input(made.model, true, true, Padding::zero);
  int inputs = made.model.architecture.convolutions.back().outputs;
  int window = 3;
  for (const int outputs : {37, 19, 11}) {
    const scumble::Dense layer{inputs, window, outputs};
    made.model.architecture.dense.push_back(layer);
    const double bound = std::sqrt(6.0 / layer.terms());
    scumble::ConvolutionWeights weights;
    weights.weight = support::uniform(random, static_cast<size_t>(layer.terms() * outputs), -bound, bound);
    weights.bias = support::uniform(random, static_cast<size_t>(outputs), -0.01, 0.01);
    made.model.weights.push_back(weights);
    inputs = outputs;
    window = 1;
  }
  made.content = content;
  made.style = {14, 15};
  return made;
}

// Of one position, of several, with and without something to look at in between.
inline std::vector<Case> terms() {
  std::vector<Case> all = {with_classifier("one position", {12, 15}), with_classifier("positions", {21, 18}),
                           with_classifier("every layer", {20, 25})};
  support::add(all[0].objective, "content", "fc8", 1, kContent);
  support::add(all[1].objective, "content", "relu7", 1, kContent);
  support::add(all[1].objective, "gram", "relu6", 1, kStyle);
  for (const char* layer : {"relu2_2", "pool2", "fc6", "relu6", "fc7", "fc8"})
    support::add(all[2].objective, "content", layer, 1, kContent);
  return all;
}

// What recognize() should find.
struct Expected {
  std::vector<double> logits;
  std::vector<size_t> order;
  std::vector<std::vector<double>> heat;  // of every class
};

inline Expected expected_of(const reference::Model& model, const reference::Tensor& picture) {
  const auto layers = layers_of(model.architecture);
  const auto tape = model.forward(picture, layers.size());
  const reference::Tensor& outputs = tape.back();
  const size_t at = model.place("relu2_2");
  Expected made;
  made.logits.resize(static_cast<size_t>(outputs.channels));
  for (size_t i = 0; i < outputs.values.size(); ++i)
    made.logits[i % made.logits.size()] += outputs.values[i] / outputs.positions();
  made.order.resize(made.logits.size());
  std::iota(made.order.begin(), made.order.end(), 0);
  std::sort(made.order.begin(), made.order.end(),
            [&](size_t a, size_t b) { return made.logits[a] > made.logits[b]; });
  for (int index = 0; index < outputs.channels; ++index) {
    reference::Tensor gradient(outputs.channels, outputs.height, outputs.width);
    for (int y = 0; y < outputs.height; ++y) {
      for (int x = 0; x < outputs.width; ++x) gradient.at(y, x, index) = 1 / outputs.positions();
    }
    for (size_t n = tape.size() - 1; n > at; --n) {
      const scumble::Layer& layer = layers[n - 1];
      if (layer.kind == scumble::LayerKind::relu)
        gradient = reference::masked(gradient, tape[n]);
      else if (layer.kind == scumble::LayerKind::pool)
        gradient = reference::pool_back(gradient, tape[n - 1], model.pooling);
      else
        gradient =
            reference::dense_back(gradient, tape[n - 1], model.dense_of(layer), model.dense_weights(layer));
    }
    const reference::Tensor& features = tape[at];
    made.heat.emplace_back();
    std::vector<double> weights(static_cast<size_t>(features.channels));
    for (size_t i = 0; i < gradient.values.size(); ++i)
      weights[i % weights.size()] += gradient.values[i] / gradient.positions();
    for (size_t p = 0; p < features.values.size() / weights.size(); ++p) {
      double sum = 0;
      for (size_t c = 0; c < weights.size(); ++c) sum += weights[c] * features.values[p * weights.size() + c];
      made.heat.back().push_back(std::max(0.0, sum));
    }
  }
  return made;
}

inline void check_recognition(const scumble::Backend& backend, double tolerance) {
  for (const Size size : {Size{12, 12}, Size{13, 31}, Size{37, 26}}) {
    const Case of = with_classifier("recognition", size);
    Random random(9);
    const reference::Tensor shown = picture(random, size);
    const std::vector<float> pixels = support::floats(shown);
    const auto network = backend.load(of.model.architecture, of.model.weights);
    const auto recognized = [&](int top, int threads) {
      return scumble::recognize(backend, network, top, threads,
                                support::view(pixels, size.width, size.height), support::running());
    };
    const Expected expected = expected_of(of.model, shown);
    const scumble::Recognized found = recognized(4, 3);
    CHECK_ALL_CLOSE(found.logits, expected.logits, tolerance);
    CHECK(found.height == size.height / 2 && found.width == size.width / 2);
    CHECK(found.likely.size() == 4);
    for (size_t i = 0; i < found.likely.size(); ++i) {
      CHECK(found.likely[i].index == static_cast<int>(expected.order[i]));
      CHECK_ALL_CLOSE(found.likely[i].heat, expected.heat[expected.order[i]], 10 * tolerance);
    }
    // However many threads there are, and more classes than there are to ask for.
    const scumble::Recognized all = recognized(100, 1);
    CHECK(all.logits == found.logits);
    CHECK(all.likely.size() == expected.logits.size());
    CHECK(all.likely[3].heat == found.likely[3].heat);
  }
}

}  // namespace dense

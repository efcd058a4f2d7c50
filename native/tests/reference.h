// The whole objective once more, in double and as plainly as it can be written: every layer and every kind of
// term by its definition. The engine is held against this.
#pragma once

#include "../cpp/core/objective.h"
#include "reference/model.h"
#include "reference/nearest.h"
#include "reference/samples.h"
#include "reference/statistics.h"
#include "reference/wasserstein.h"

namespace reference {

// Everything but the picture.
struct Scene {
  std::vector<Model> models;
  std::vector<Tensor> images;  // that targets are made of
  std::vector<Tensor> masks;   // of one channel
  scumble::Objective objective;

  const Tensor* mask(int index) const { return index < 0 ? nullptr : &masks[static_cast<size_t>(index)]; }

  // A network's layers of a picture, as far as a term looks.
  std::vector<Tensor> forward(size_t network, const Tensor& picture) const {
    size_t deepest = 0;
    for (const scumble::Term& term : objective.terms) {
      if (static_cast<size_t>(term.network) != network) continue;
      for (const std::string& layer : term.layers) {
        if (layer != scumble::kPicture) deepest = std::max(deepest, models[network].place(layer));
      }
    }
    return models[network].forward(picture, deepest);
  }
};

// Of each term: what its target images have, blended.
using Targets = std::vector<std::vector<double>>;

inline std::vector<double> statistic(const std::string& kind, const Tensor& features,
                                     const std::vector<double>& weights) {
  if (kind == "content") return features.values;
  if (kind == "gram") return gram(features, weights);
  if (kind == "mean-std") return mean_std(features, weights);
  if (kind == "wasserstein") return moments(features, weights);
  return quantiles(features);
}

// Kinds that compare samples of several layers, and of these the one of the picture alone.
inline bool samples(const std::string& kind) {
  return kind == "relaxed-emd" || kind == "moments" || kind == "palette" || kind == "self-similarity" ||
         kind == "nearest-field";
}

// Where such a term looks: at layers on a tape, or at the picture.
inline std::vector<Layer> layers_of_term(const Scene& scene, const scumble::Term& term,
                                         const std::vector<Tensor>& tape, const Tensor& picture) {
  if (term.layers.empty()) return {{&picture, 1.0 / 255}};
  const Model& model = scene.models[static_cast<size_t>(term.network)];
  std::vector<Layer> found;
  for (const std::string& layer : term.layers) {
    if (layer == scumble::kPicture) {
      found.push_back({&picture, static_cast<double>(model.architecture.preprocessing.range) / 255});
    } else {
      found.push_back({&tape[model.place(layer)], 1});
    }
    if (term.kind == "nearest-field") found.back().scale /= found.back().features->channels;
  }
  return found;
}

// Cells of the finest of these layers.
inline Positions positions_of(const Scene& scene, size_t term, const std::vector<Layer>& layers, int mask,
                              int count) {
  const Tensor* on = layers[0].features;
  for (const Layer& layer : layers) on = layer.features->positions() > on->positions() ? layer.features : on;
  return draw(static_cast<uint64_t>(term) * 0x9e3779b97f4a7c15u, 0, count, on->height, on->width,
              weights_of(scene.mask(mask), on->height, on->width));
}

inline int samples_of(const scumble::Term& term, const Tensor& picture) {
  return static_cast<int>(
      term.parameter("samples", std::clamp(static_cast<int>(picture.positions()) / 128, 64, 1024)));
}

inline int style_samples_of(const scumble::Term& term, const Tensor& picture, double share) {
  const int all =
      static_cast<int>(term.parameter("styleSamples", std::min(5000, 5 * samples_of(term, picture))));
  return std::max(1, static_cast<int>(std::lround(all * share)));
}

constexpr int kSets = 8;  // of positions that self-similarity is looked at in

// Adds what an image has of it. `run` is the picture of the run.
inline void add_samples_target(const Scene& scene, size_t t, const scumble::Target& of,
                               const std::vector<Tensor>& tape, const Tensor& image, const Tensor& run,
                               std::vector<double>& target) {
  const scumble::Term& term = scene.objective.terms[t];
  const std::vector<Layer> layers = layers_of_term(scene, term, tape, image);
  if (term.kind == "self-similarity") {
    const int count = samples_of(term, run);
    const Positions all = positions_of(scene, t, layers, of.mask, kSets * count);
    for (const auto& [y, x] : all) {
      target.push_back(y);
      target.push_back(x);
    }
    for (int set = 0; set < kSets; ++set) {
      const auto first = all.begin() + static_cast<ptrdiff_t>(set) * count;
      const auto found = self_similarity(hypercolumns(layers, {first, first + count}));
      target.insert(target.end(), found.begin(), found.end());
    }
    return;
  }
  if (of.source) {
    const std::vector<double> rows = hypercolumns(layers, centres(field_of(run))).values;
    target.insert(target.end(), rows.begin(), rows.end());
    return;
  }
  const int count = style_samples_of(term, run, term.kind == "moments" ? 1 : of.blend);
  const Matrix found = hypercolumns(layers, positions_of(scene, t, layers, of.mask, count));
  if (term.kind == "moments") {
    const std::vector<double> own = moments(found);
    target.resize(own.size());
    for (size_t i = 0; i < own.size(); ++i) target[i] += of.blend * own[i];
  } else {
    target.insert(target.end(), found.values.begin(), found.values.end());
  }
}

// A term's unweighted loss and gradient.
inline Compared compare_samples(const Scene& scene, size_t t, const std::vector<Layer>& layers,
                                const Tensor& picture, const std::vector<double>& target,
                                Positions& positions) {
  const scumble::Term& term = scene.objective.terms[t];
  const int count = samples_of(term, picture);
  if (term.kind == "self-similarity") {
    const size_t n = static_cast<size_t>(count);
    const size_t set =
        static_cast<size_t>(scumble::lot(static_cast<uint64_t>(t) * 0x9e3779b97f4a7c15u, 0) % kSets);
    for (size_t i = set * n; i < (set + 1) * n; ++i) positions.emplace_back(target[2 * i], target[2 * i + 1]);
    return self_similarity_loss(hypercolumns(layers, positions), &target[2 * kSets * n + set * n * n]);
  }
  if (term.kind == "nearest-field") {
    const Tensor grid = field_of(picture);
    positions = draw(static_cast<uint64_t>(t) * 0x9e3779b97f4a7c15u, 0, count, grid.height, grid.width,
                     weights_of(scene.mask(term.mask), grid.height, grid.width));
    return nearest_field_loss(hypercolumns(layers, positions), positions, grid, target);
  }
  positions = positions_of(scene, t, layers, term.mask, count);
  const Matrix x = hypercolumns(layers, positions);
  if (term.kind == "moments") return moments_loss(x, target);
  Matrix y(target.size() / x.columns, x.columns);
  y.values = target;
  return relaxed_emd(x, y, term.kind == "palette" ? colour_cost : cosine_cost);
}

// `run` is the picture that the run makes, for its size.
inline Targets targets_of(const Scene& scene, const Tensor& run) {
  Targets targets(scene.objective.terms.size());
  for (size_t network = 0; network < scene.models.size(); ++network) {
    for (size_t image = 0; image < scene.images.size(); ++image) {
      const std::vector<Tensor> tape = scene.forward(network, scene.images[image]);
      for (size_t t = 0; t < targets.size(); ++t) {
        const scumble::Term& term = scene.objective.terms[t];
        if (static_cast<size_t>(term.network) != network) continue;
        for (const scumble::Target& target : term.targets) {
          if (static_cast<size_t>(target.image) != image) continue;
          if (samples(term.kind)) {
            add_samples_target(scene, t, target, tape, scene.images[image], run, targets[t]);
            continue;
          }
          const Tensor& f = tape[scene.models[network].place(term.layers[0])];
          const std::vector<double> weights = weights_of(scene.mask(target.mask), f.height, f.width);
          if (term.kind == "nearest") {
            const Positions at = nearest_positions(t, f, NearestSamples::of(target, run), weights);
            const std::vector<double> rows = hypercolumns({{&f, 1}}, at).values;
            targets[t].insert(targets[t].end(), rows.begin(), rows.end());
            continue;
          }
          const std::vector<double> found = statistic(term.kind, f, weights);
          targets[t].resize(found.size());
          for (size_t i = 0; i < found.size(); ++i) targets[t][i] += target.blend * found[i];
        }
      }
    }
  }
  return targets;
}

struct Point {
  scumble::Losses losses;
  Tensor gradient;
  // How near the closest kink is: the smallest distance of a ReLU's input from zero and of a maximum from the
  // runner-up, relative to the layer's largest value.
  double margin = std::numeric_limits<double>::infinity();
  // Of each term that matches histograms, what its features are compared with; of nearest neighbours, which.
  std::vector<std::vector<double>> counterparts;
};

inline double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

// w * the mean over C*M of (F - target)^2; its gradient is added to `gradient`.
inline double content_loss(const Tensor& f, double weight, const std::vector<double>& target,
                           Tensor& gradient) {
  double sum = 0;
  for (size_t i = 0; i < f.values.size(); ++i) {
    const double d = f.values[i] - target[i];
    sum += d * d;
    gradient.values[i] += 2 * weight * d / f.elements();
  }
  return weight * sum / f.elements();
}

// w * the mean over C^2 of (G - target)^2.
inline double gram_loss(const Tensor& f, double weight, const std::vector<double>& target,
                        const std::vector<double>& weights, Tensor& gradient) {
  const size_t c = static_cast<size_t>(f.channels);
  std::vector<double> d = gram(f, weights);
  double sum = 0;
  for (size_t i = 0; i < d.size(); ++i) {
    d[i] -= target[i];
    sum += d[i] * d[i];
  }
  const double each = weight / static_cast<double>(d.size());
  // dL/dF_i = sum over j of (dL/dG_ij + dL/dG_ji) weight F_j / (C*M)
  for (size_t m = 0; m < weights.size(); ++m) {
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) {
        gradient.values[m * c + i] +=
            2 * each * (d[i * c + j] + d[j * c + i]) * weights[m] * f.values[m * c + j] / f.elements();
      }
    }
  }
  return each * sum;
}

// w * (the mean over C of (mu - target's)^2 + the same of sigma).
inline double mean_std_loss(const Tensor& f, double weight, const std::vector<double>& target,
                            const std::vector<double>& weights, Tensor& gradient) {
  const size_t c = static_cast<size_t>(f.channels);
  const std::vector<double> found = mean_std(f, weights);
  double sum = 0;
  for (size_t k = 0; k < found.size(); ++k) sum += (found[k] - target[k]) * (found[k] - target[k]);
  for (size_t i = 0; i < f.values.size(); ++i) {
    const size_t k = i % c;
    const double slope = 2 * weight / f.channels * weights[i / c] / f.positions();
    gradient.values[i] += slope * (found[k] - target[k]);
    // Where all are alike (but for the rounding of their mean), sigma has no slope.
    if (found[c + k] > 1e-12 * std::abs(found[k]))
      gradient.values[i] += slope * (found[c + k] - target[c + k]) * (f.values[i] - found[k]) / found[c + k];
  }
  return weight * sum / f.channels;
}

inline double norm1(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += std::abs(v);
  return sum;
}

// The losses at a picture and, if `differentiate`, their gradient. What histograms are matched with is held
// constant when differentiating: differences of losses show the gradient only if it stays `held`, as it was
// at the point.
inline Point evaluate(const Scene& scene, const Targets& targets, const Tensor& picture,
                      const Point* held = nullptr, bool differentiate = true) {
  Point point;
  const auto& terms = scene.objective.terms;
  point.losses.terms.resize(terms.size());
  point.counterparts.resize(terms.size());
  point.gradient = Tensor(3, picture.height, picture.width);
  for (size_t network = 0; network < scene.models.size(); ++network) {
    const Model& model = scene.models[network];
    const std::vector<Tensor> tape = scene.forward(network, picture);
    std::vector<Tensor> gradients;
    for (const Tensor& t : tape) gradients.emplace_back(t.channels, t.height, t.width);
    for (size_t t = 0; t < terms.size(); ++t) {
      const scumble::Term& term = terms[t];
      if (static_cast<size_t>(term.network) != network) continue;
      if (samples(term.kind)) {
        const std::vector<Layer> layers = layers_of_term(scene, term, tape, picture);
        Positions positions;
        Compared found = compare_samples(scene, t, layers, picture, targets[t], positions);
        point.losses.terms[t] = term.weight * found.loss;
        point.margin = std::min(point.margin, found.margin);
        for (double& v : found.gradient.values) v *= term.weight;
        std::vector<Tensor*> to;
        for (const Layer& layer : layers) {
          to.push_back(layer.features == &picture
                           ? &point.gradient
                           : &gradients[static_cast<size_t>(layer.features - tape.data())]);
        }
        hypercolumns_back(found.gradient, layers, positions, to);
        continue;
      }
      if (term.layers.empty()) continue;
      const size_t at = model.place(term.layers[0]);
      const Tensor& f = tape[at];
      const std::vector<double> weights = weights_of(scene.mask(term.mask), f.height, f.width);
      double& loss = point.losses.terms[t];
      Tensor own(f.channels, f.height, f.width);
      if (term.kind == "content") {
        loss = content_loss(f, term.weight, targets[t], own);
      } else if (term.kind == "gram") {
        loss = gram_loss(f, term.weight, targets[t], weights, own);
      } else if (term.kind == "mean-std") {
        loss = mean_std_loss(f, term.weight, targets[t], weights, own);
      } else if (term.kind == "wasserstein") {
        loss = wasserstein_loss(f, term.weight, term.parameter("regularization", 1e-4), targets[t], weights,
                                own);
      } else if (term.kind == "nearest") {
        loss = nearest_loss(t, term, picture, f, weights, targets[t], held ? &held->counterparts[t] : nullptr,
                            point.counterparts[t], point.margin, own);
      } else {
        point.counterparts[t] = held ? held->counterparts[t] : counterparts(f, targets[t]);
        loss = content_loss(f, term.weight, point.counterparts[t], own);
      }
      const double by = term.normalize ? term.weight / (norm1(own.values) + 1e-8 * term.weight) : 1;
      for (size_t i = 0; i < own.values.size(); ++i) gradients[at].values[i] += by * own.values[i];
    }
    if (!differentiate) continue;
    const Tensor back = model.backward(tape, std::move(gradients), point.margin);
    for (size_t i = 0; i < back.values.size(); ++i) point.gradient.values[i] += back.values[i];
  }
  for (size_t t = 0; t < terms.size(); ++t) {
    double& loss = point.losses.terms[t];
    const double weight = terms[t].weight;
    if (terms[t].kind == "tv") {
      loss = total_variation(picture, weight, point.gradient);
    } else if (terms[t].kind == "tv-squared") {
      loss = squared_variation(Squares::squared, picture, weight, point.gradient);
    } else if (terms[t].kind == "tv-diagonal") {
      loss = squared_variation(Squares::diagonal, picture, weight, point.gradient);
    } else if (terms[t].kind == "tv-gradient") {
      squared_variation(Squares::gradient, picture, weight, point.gradient);
    }
  }
  for (const double loss : point.losses.terms) point.losses.total += loss;
  return point;
}

}  // namespace reference

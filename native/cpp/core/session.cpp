#include "session.h"

#include <algorithm>

#include "error.h"
#include "losses/loss.h"

namespace scumble {
namespace {

// What every pass of a run knows of its picture.
Setup setup_of(const SessionOptions& options, const PictureView& picture) {
  Setup setup = options;
  setup.picture = {3, picture.height, picture.width};
  return setup;
}

PlanRequest iteration_request(const SessionOptions& options, const PictureView& picture) {
  PlanRequest request = request_of(setup_of(options, picture), picture.width, picture.height);
  request.vectors = vectors_of(options.optimizer);
  request.details = options.details;
  return request;
}

void check_sizes(const SessionOptions& options, const SessionImages& images) {
  for (const Term& term : options.objective.terms) {
    if (!loss_of(term.kind).target_has_size_of_picture()) continue;
    for (const Target& target : term.targets) {
      const size_t index = static_cast<size_t>(target.image);
      if (index >= images.targets.size()) continue;
      const PictureView& image = images.targets[index];
      if (image.width != images.start.width || image.height != images.start.height)
        throw InvalidArgument("the target of \"" + term.name + "\" must have the picture's size");
    }
  }
}

// Bytes of the targets as they lie on the host, and of those that are blended a second time.
size_t target_bytes(const Plan& plan, const Objective& objective) {
  size_t bytes = 0;
  for (size_t t = 0; t < plan.targets.size(); ++t) {
    const bool alone = objective.terms[t].targets.size() == 1;
    for (const BufferId id : plan.targets[t])
      bytes += plan.buffer(id).shape.elements() * sizeof(float) * (alone ? 1 : 2);
  }
  return bytes;
}

}  // namespace

MemoryEstimate Session::estimate(const Backend& backend, const Architectures& networks,
                                 const SessionOptions& options, const SessionImages& images) {
  MemoryEstimate estimate;
  for (const Architecture* architecture : networks) estimate.network += backend.network_bytes(*architecture);
  const Plan iteration = Plan::iteration(backend, networks, iteration_request(options, images.start));
  size_t largest = backend.program_bytes(iteration, options.threads);
  for (size_t i = 0; i < images.targets.size(); ++i) {
    const PictureView& image = images.targets[i];
    const PlanRequest request = request_of(setup_of(options, images.start), image.width, image.height);
    const Plan plan = Plan::collect(backend, networks, request, static_cast<int>(i));
    largest = std::max(largest, backend.program_bytes(plan, options.threads));
  }
  estimate.session = largest;
  estimate.targets = target_bytes(iteration, options.objective);
  return estimate;
}

Session::Session(const Backend& backend, const Networks& networks, const SessionOptions& options,
                 const SessionImages& images, const std::atomic<bool>& cancelled)
    : pyramid_(images.start.height, images.start.width, options.details),
      averaging_(options.averaging),
      elements_(images.start.elements()) {
  if (options.clamp && options.details > 0)
    throw InvalidArgument("pixels can be clamped, but the coefficients of a pyramid cannot");
  check_sizes(options, images);
  const std::vector<TargetValues> targets =
      targets_of(backend, networks, setup_of(options, images.start), images.targets, images.masks, cancelled);

  plan_ = Plan::iteration(backend, architectures_of(networks), iteration_request(options, images.start));
  bytes_ = backend.program_bytes(plan_, options.threads);
  program_ = backend.compile(networks, plan_, options.threads);
  write_guides(*program_, plan_, images.masks);
  for (size_t t = 0; t < targets.size(); ++t) {
    for (size_t k = 0; k < targets[t].size(); ++k) program_->write(plan_.targets[t][k], targets[t][k].data());
  }
  program_->prepare(cancelled);
  program_->write(plan_.variable, pyramid_.analyse(images.start.data).data());
  program_->write(plan_.result, images.start.data);
  Update update;
  update.optimizer = options.optimizer;
  update.averaging = options.averaging;
  update.clamp = options.clamp;
  update.picture = plan_.picture;
  update.variable = plan_.variable;
  update.gradient = plan_.variable_gradient;
  update.result = plan_.result;
  update.vectors = plan_.vectors;
  iteration_ = program_->iteration(update);
}

Losses Session::losses_of(const double* slots) const {
  Losses losses;
  losses.terms.assign(slots, slots + plan_.slots);
  for (const double loss : losses.terms) losses.total += loss;
  return losses;
}

Losses Session::evaluate(const std::atomic<bool>& cancelled) {
  std::vector<double> slots(static_cast<size_t>(plan_.slots));
  program_->run(slots.data(), cancelled, iteration());
  return losses_of(slots.data());
}

Losses Session::step(const std::atomic<bool>& cancelled, int count) {
  Observer nobody;
  return step(cancelled, count, nobody);
}

Losses Session::step(const std::atomic<bool>& cancelled, int count, Observer& observer) {
  std::vector<double> slots(static_cast<size_t>(plan_.slots));
  iteration_->run(count, slots.data(), observer, cancelled);
  return losses_of(slots.data());
}

State Session::save() const {
  State state;
  iteration_->save(state);
  return state;
}

Result Session::result() const {
  const double weight = iteration_->mean_weight();
  std::unique_ptr<Snapshot> sum = program_->snapshot(plan_.result);
  if (weight == 0 || iteration_->diverged()) return {std::move(sum), weight};
  return {std::move(sum), weight, Result::Newest{program_->snapshot(plan_.variable), pyramid_, averaging_}};
}

std::vector<float> Result::values() {
  std::vector<float> values = sum_->values();
  double weight = weight_;
  if (newest_) {
    const double keep = newest_->decay;
    const std::vector<float> newest = newest_->pyramid.synthesise(newest_->coefficients->values());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(keep * static_cast<double>(values[i]) +
                                     (1 - keep) * static_cast<double>(newest[i]));
    }
    weight = keep * weight + (1 - keep);
  }
  if (weight > 0) {
    const float scale = static_cast<float>(1 / weight);
    for (float& value : values) value *= scale;
  }
  return values;
}

}  // namespace scumble

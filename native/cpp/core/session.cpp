#include "session.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace scumble {
namespace {

PlanRequest request_of(const SessionOptions& options, const PictureView& picture) {
  PlanRequest request;
  request.width = picture.width;
  request.height = picture.height;
  request.pooling = options.pooling;
  request.rounding = options.rounding;
  request.objective = options.objective;
  return request;
}

// Only the terms that an image has to supply: the content image its features, a style image its Gram
// matrices.
PlanRequest content_request(const SessionOptions& options, const PictureView& content) {
  PlanRequest request = request_of(options, content);
  request.objective.style.clear();
  return request;
}

PlanRequest style_request(const SessionOptions& options, const PictureView& style) {
  PlanRequest request = request_of(options, style);
  request.objective.content.clear();
  return request;
}

PlanRequest iteration_request(const SessionOptions& options, const PictureView& content) {
  PlanRequest request = request_of(options, content);
  request.vectors = vectors_of(options.optimizer) + 1;
  return request;
}

size_t dense_elements(const Buffer& buffer) {
  const size_t c = static_cast<size_t>(buffer.shape.channels);
  return buffer.kind == BufferKind::matrix ? c * c : buffer.shape.elements();
}

// Runs a forward pass over `picture` and returns the buffers asked for.
std::vector<std::vector<float>> collect(const Backend& backend, const std::shared_ptr<const Network>& network,
                                        const PlanRequest& request, const PictureView& picture, int threads,
                                        const std::vector<BufferId> Plan::* wanted,
                                        const std::atomic<bool>& cancelled) {
  const Plan plan = Plan::targets(backend, network->architecture(), request);
  const std::unique_ptr<Program> program = backend.compile(network, plan, threads);
  program->write(plan.picture, picture.data);
  program->run(nullptr, cancelled);
  std::vector<std::vector<float>> found;
  for (const BufferId id : plan.*wanted) {
    found.emplace_back(dense_elements(plan.buffers[static_cast<size_t>(id)]));
    program->read(id, found.back().data());
  }
  return found;
}

}  // namespace

MemoryEstimate Session::estimate(const Backend& backend, const Architecture& architecture,
                                 const SessionOptions& options, const PictureView& content,
                                 const std::vector<StyleImage>& styles) {
  const auto floats = [](const Plan& plan, const std::vector<BufferId>& ids) {
    size_t bytes = 0;
    for (const BufferId id : ids)
      bytes += dense_elements(plan.buffers[static_cast<size_t>(id)]) * sizeof(float);
    return bytes;
  };
  MemoryEstimate estimate;
  estimate.network = backend.network_bytes(architecture);
  const Plan features = Plan::targets(backend, architecture, content_request(options, content));
  const Plan iteration = Plan::iteration(backend, architecture, iteration_request(options, content));
  const size_t targets = floats(iteration, iteration.content) + 2 * floats(iteration, iteration.style);
  const auto program = [&](const Plan& plan) { return backend.program_bytes(plan, options.threads); };
  size_t largest = std::max(program(features), program(iteration));
  for (const StyleImage& style : styles) {
    const Plan grams = Plan::targets(backend, architecture, style_request(options, style.picture));
    largest = std::max(largest, program(grams));
  }
  estimate.session = largest + targets;
  return estimate;
}

std::vector<std::vector<double>> Session::channel_means(const Backend& backend,
                                                        const std::shared_ptr<const Network>& network,
                                                        const SessionOptions& options,
                                                        const PictureView& picture,
                                                        const std::atomic<bool>& cancelled) {
  const PlanRequest request = content_request(options, picture);
  const Plan plan = Plan::targets(backend, network->architecture(), request);
  const auto features =
      collect(backend, network, request, picture, options.threads, &Plan::content, cancelled);
  std::vector<std::vector<double>> means;
  for (size_t t = 0; t < features.size(); ++t) {
    const int channels = plan.buffers[static_cast<size_t>(plan.content[t])].shape.channels;
    std::vector<double> mean(static_cast<size_t>(channels));
    for (size_t i = 0; i < features[t].size(); ++i) mean[i % mean.size()] += features[t][i];
    const size_t positions = features[t].size() / mean.size();
    for (double& value : mean) value /= static_cast<double>(positions);
    means.push_back(std::move(mean));
  }
  return means;
}

Session::Session(const Backend& backend, std::shared_ptr<const Network> network,
                 const SessionOptions& options, const PictureView& content,
                 const std::vector<StyleImage>& styles, const PictureView& start,
                 const std::atomic<bool>& cancelled)
    : elements_(content.elements()), content_terms_(options.objective.content.size()) {
  if (start.width != content.width || start.height != content.height) {
    throw InvalidArgument("the start picture must have the content's size");
  }
  if (styles.empty() && !options.objective.style.empty())
    throw InvalidArgument("style terms need a style image");

  std::vector<std::vector<float>> grams;
  if (!options.objective.style.empty()) {
    for (const StyleImage& style : styles) {
      const auto found = collect(backend, network, style_request(options, style.picture), style.picture,
                                 options.threads, &Plan::style, cancelled);
      const float blend = static_cast<float>(style.blend);
      if (grams.empty()) {
        for (const auto& gram : found) grams.emplace_back(gram.size(), 0.0f);
      }
      for (size_t t = 0; t < found.size(); ++t) {
        for (size_t i = 0; i < found[t].size(); ++i) grams[t][i] += blend * found[t][i];
      }
    }
  }
  std::vector<std::vector<float>> features;
  if (!options.objective.content.empty()) {
    features = collect(backend, network, content_request(options, content), content, options.threads,
                       &Plan::content, cancelled);
  }

  plan_ = Plan::iteration(backend, network->architecture(), iteration_request(options, content));
  bytes_ = backend.program_bytes(plan_, options.threads);
  program_ = backend.compile(std::move(network), plan_, options.threads);
  for (size_t t = 0; t < grams.size(); ++t) program_->write(plan_.style[t], grams[t].data());
  for (size_t t = 0; t < features.size(); ++t) program_->write(plan_.content[t], features[t].data());

  program_->write(plan_.picture, start.data);
  Update update{options.optimizer, options.averaging, plan_.picture,
                plan_.gradient,    kNoBuffer,         plan_.vectors};
  update.result = result_ = update.vectors.back();
  update.vectors.pop_back();
  program_->write(result_, start.data);
  iteration_ = program_->iteration(update);
}

Losses Session::losses_of(const std::vector<double>& slots) const {
  Losses losses;
  const auto content_end = slots.begin() + static_cast<std::ptrdiff_t>(content_terms_);
  losses.content.assign(slots.begin(), content_end);
  losses.style.assign(content_end, slots.end() - 1);
  losses.tv = slots.back();
  for (const double loss : slots) losses.total += loss;
  return losses;
}

Losses Session::evaluate(const std::atomic<bool>& cancelled) {
  std::vector<double> slots(static_cast<size_t>(plan_.slots));
  program_->run(slots.data(), cancelled);
  return losses_of(slots);
}

Losses Session::step(const std::atomic<bool>& cancelled, int count) {
  std::vector<double> slots(static_cast<size_t>(plan_.slots));
  iteration_->run(count, slots.data(), cancelled);
  return losses_of(slots);
}

std::vector<float> Result::values() {
  std::vector<float> values = sum_->values();
  if (weight_ > 0) {
    const float scale = static_cast<float>(1 / weight_);
    for (float& value : values) value *= scale;
  }
  return values;
}

}  // namespace scumble

#include "targets.h"

#include <iterator>

#include "error.h"
#include "losses/loss.h"

namespace scumble {

PlanRequest request_of(const Setup& setup, int width, int height) {
  PlanRequest request;
  request.width = width;
  request.height = height;
  request.pooling = setup.pooling;
  request.pool_scale = setup.pool_scale;
  request.rounding = setup.rounding;
  request.objective = setup.objective;
  request.seed = setup.seed;
  request.optimised = setup.picture;
  return request;
}

void write_guides(Program& program, const Plan& plan, const std::vector<MaskView>& masks) {
  for (const Guide& guide : plan.guides) {
    if (static_cast<size_t>(guide.mask) >= masks.size())
      throw InvalidArgument("there is no mask " + std::to_string(guide.mask));
    const std::vector<float> values =
        guide_of(masks[static_cast<size_t>(guide.mask)], plan.buffer(guide.buffer).shape);
    program.write(guide.buffer, values.data());
  }
}

std::vector<TargetValues> collect(const Backend& backend, const Networks& networks, const Setup& setup,
                                  const std::vector<MaskView>& masks, const PictureView& image, int index,
                                  const std::atomic<bool>& cancelled) {
  const Plan plan =
      Plan::collect(backend, architectures_of(networks), request_of(setup, image.width, image.height), index);
  const std::unique_ptr<Program> program = backend.compile(networks, plan, setup.threads);
  write_guides(*program, plan, masks);
  program->write(plan.picture, image.data);
  program->run(nullptr, cancelled, 0);
  std::vector<TargetValues> found;
  for (const std::vector<BufferId>& ids : plan.targets) {
    found.emplace_back();
    for (const BufferId id : ids) {
      found.back().emplace_back(plan.buffer(id).shape.elements());
      program->read(id, found.back().back().data());
    }
  }
  return found;
}

namespace {

void join(TargetValues& to, const TargetValues& from) {
  to.resize(from.size());
  for (size_t k = 0; k < from.size(); ++k) to[k].insert(to[k].end(), from[k].begin(), from[k].end());
}

// to += blend * from; the first one is taken as it is where it is the only one.
void blend_in(TargetValues& to, TargetValues from, double blend) {
  if (to.empty() && blend == 1) {
    to = std::move(from);
    return;
  }
  const float factor = static_cast<float>(blend);
  if (to.empty()) {
    for (const auto& values : from) to.emplace_back(values.size());
  }
  for (size_t k = 0; k < from.size(); ++k) {
    for (size_t i = 0; i < from[k].size(); ++i) to[k][i] += factor * from[k][i];
  }
}

}  // namespace

std::vector<TargetValues> targets_of(const Backend& backend, const Networks& networks, const Setup& setup,
                                     const std::vector<PictureView>& images,
                                     const std::vector<MaskView>& masks, const std::atomic<bool>& cancelled) {
  const auto& terms = setup.objective.terms;
  for (const Term& term : terms) {
    for (const Target& target : term.targets) {
      if (static_cast<size_t>(target.image) >= images.size())
        throw InvalidArgument("the term \"" + term.name + "\" has image " + std::to_string(target.image) +
                              " as its target, which there is not");
    }
  }
  std::vector<TargetValues> blended(terms.size());
  std::vector<TargetValues> joined(terms.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const int index = static_cast<int>(i);
    std::vector<std::pair<size_t, const Target*>> wanted;  // by term, in the order of collect()
    for (size_t t = 0; t < terms.size(); ++t) {
      for (const Target& target : terms[t].targets) {
        if (target.image == index) wanted.emplace_back(t, &target);
      }
    }
    if (wanted.empty()) continue;
    std::vector<TargetValues> found = collect(backend, networks, setup, masks, images[i], index, cancelled);
    for (size_t k = 0; k < wanted.size(); ++k) {
      const auto [t, target] = wanted[k];
      if (loss_of(terms[t].kind).joins_targets() && !target->source) {
        join(joined[t], found[k]);
      } else {
        blend_in(blended[t], std::move(found[k]), target->blend);
      }
    }
  }
  for (size_t t = 0; t < terms.size(); ++t)
    std::move(joined[t].begin(), joined[t].end(), std::back_inserter(blended[t]));
  return blended;
}

}  // namespace scumble

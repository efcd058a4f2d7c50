#include "graph.h"

#include <algorithm>
#include <set>

#include "error.h"
#include "laplacian.h"
#include "losses/loss.h"

namespace scumble {
namespace {

std::string_view op_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::conv:
      return "conv";
    case LayerKind::relu:
      return "relu";
    case LayerKind::pool:
      return "pool";
    case LayerKind::dense:
      break;
  }
  return "dense";
}

}  // namespace

Graph::Graph(const Sizes& sizes, const Architectures& networks, const PlanRequest& request)
    : sizes_(sizes), networks_(networks), request_(request) {
  if (request.width < 1 || request.height < 1) throw InvalidArgument("a picture needs at least one pixel");
  validate(request.objective, networks);
  plan_.pooling = request.pooling;
  plan_.rounding = request.rounding;
  plan_.picture = persistent(dense({3, request.height, request.width}));
}

Graph::Look::Look(const Term& term, int slot, int mask)
    : mask(mask), missing(std::max<size_t>(1, term.layers.size())) {
  site.term = &term;
  site.loss = &loss_of(term.kind);
  site.slot = slot;
  site.places.resize(missing);
}

std::vector<Graph::Look> Graph::looks_of_picture() const {
  std::vector<Look> found;
  for (const Term& term : request_.objective.terms)
    found.emplace_back(term, static_cast<int>(found.size()), term.mask);
  return found;
}

std::vector<Graph::Look> Graph::looks_at(int image) const {
  std::vector<Look> found;
  for (const Term& term : request_.objective.terms) {
    for (const Target& target : term.targets) {
      if (target.image != image) continue;
      found.emplace_back(term, static_cast<int>(found.size()), target.mask);
      found.back().site.target = &target;
    }
  }
  return found;
}

std::vector<Graph::Glance> Graph::looks_at_layer(std::vector<Look>& looks, int network,
                                                 const std::string& layer) {
  std::vector<Glance> found;
  for (Look& look : looks) {
    const Term& term = *look.site.term;
    if (!look.site.loss->looks_at_layer() || term.network != network) continue;
    for (size_t i = 0; i < term.layers.size(); ++i) {
      if (term.layers[i] == layer) found.push_back({&look, static_cast<int>(i)});
    }
  }
  return found;
}

std::vector<Graph::Glance> Graph::looks_at_picture(std::vector<Look>& looks) {
  std::vector<Glance> found;
  for (Look& look : looks) {
    const Term& term = *look.site.term;
    if (!look.site.loss->looks_at_layer()) found.push_back({&look, 0});
    for (size_t i = 0; i < term.layers.size(); ++i) {
      if (term.layers[i] == kPicture) found.push_back({&look, static_cast<int>(i)});
    }
  }
  return found;
}

// The network's layers as far as the deepest look. Empty where nothing looks at it.
std::vector<Graph::Node> Graph::chain(int network, std::vector<Look>& looks) const {
  const Architecture& architecture = *networks_[static_cast<size_t>(network)];
  Shape shape{3, request_.height, request_.width};
  std::vector<Node> nodes(1);
  nodes[0].input = true;
  nodes[0].name = "input";
  nodes[0].shape = shape;
  size_t deepest = 0;
  for (const Layer& layer : layers_of(architecture)) {
    Node node;
    node.kind = layer.kind;
    node.name = layer.name;
    node.convolution = layer.convolution;
    node.dense = layer.dense;
    node.looks = looks_at_layer(looks, network, layer.name);
    shape = shape_after(layer, architecture, shape, request_.rounding);
    node.shape = shape;
    const bool looked_at = !node.looks.empty();
    Node& previous = nodes.back();
    if (layer.kind == LayerKind::relu && previous.looks.empty()) {
      previous.name = node.name;
      previous.fused_relu = true;
      previous.looks = node.looks;
    } else {
      nodes.push_back(node);
    }
    if (!looked_at) continue;
    deepest = nodes.size() - 1;
    if (shape.positions() == 0) {
      throw InvalidArgument("a picture of " + std::to_string(request_.width) + "x" +
                            std::to_string(request_.height) + " is too small for " + layer.name);
    }
  }
  nodes.resize(deepest == 0 ? 0 : deepest + 1);
  return nodes;
}

Plan Graph::iteration() {
  const Shape shape{3, request_.height, request_.width};
  const auto& terms = request_.objective.terms;
  plan_.slots = static_cast<int>(terms.size());
  plan_.targets.resize(terms.size());
  plan_.gradient = persistent(dense(shape));
  plan_.result = persistent(dense(shape));
  begin_with_variable();

  std::vector<Look> looks = looks_of_picture();
  std::vector<std::vector<Node>> chains;
  picture_.gradient = plan_.gradient;
  for (size_t k = 0; k < networks_.size(); ++k) {
    chains.push_back(chain(static_cast<int>(k), looks));
    if (!chains.back().empty()) ++picture_.left;
  }
  const std::vector<Glance> at_picture = looks_at_picture(looks);
  picture_.left += at_picture.size();
  for (const Glance& glance : at_picture) {
    arrive(glance, shape, plan_.picture);
    if (glance.look->missing > 0) continue;
    measure({glance});
    differentiate(picture_, glance);
  }
  // One network after the other, so that the features of only one are in memory.
  for (size_t k = 0; k < chains.size(); ++k) {
    std::vector<Node>& nodes = chains[k];
    for (size_t n = 0; n < nodes.size(); ++n) {
      forward(static_cast<int>(k), nodes, n);
      measure(nodes[n].looks);
    }
    backward(static_cast<int>(k), nodes);
  }
  for (const Glance& glance : at_picture) {
    if (glance.look->site.places.size() > 1) differentiate(picture_, glance);
  }
  end_with_variable();
  put_preparation_first();
  return std::move(plan_);
}

// The picture is made of what is optimised.
void Graph::begin_with_variable() {
  const Pyramid pyramid(request_.height, request_.width, request_.details);
  plan_.variable = plan_.picture;
  plan_.variable_gradient = plan_.gradient;
  if (request_.details > 0) {
    plan_.variable = persistent(dense(pyramid.shape()));
    plan_.variable_gradient = persistent(dense(pyramid.shape()));
    Step step{};
    step.op = "laplacian";
    step.in = plan_.variable;
    step.out = plan_.picture;
    if (pyramid.between().elements() > 0) step.scratch = dense(pyramid.between());
    emit(step);
  }
  for (int i = 0; i < request_.vectors; ++i) plan_.vectors.push_back(persistent(dense(pyramid.shape())));
}

void Graph::end_with_variable() {
  if (plan_.variable == plan_.picture) return;
  Step step{};
  step.op = "laplacian_back";
  step.in = plan_.gradient;
  step.out = plan_.variable_gradient;
  emit(step);
}

Plan Graph::collect(int image) {
  std::vector<Look> looks = looks_at(image);
  plan_.targets.resize(looks.size());
  const std::vector<Glance> at_picture = looks_at_picture(looks);
  for (const Glance& glance : at_picture) arrive(glance, {3, request_.height, request_.width}, plan_.picture);
  describe(at_picture);
  for (size_t k = 0; k < networks_.size(); ++k) {
    std::vector<Node> nodes = chain(static_cast<int>(k), looks);
    for (size_t n = 0; n < nodes.size(); ++n) {
      forward(static_cast<int>(k), nodes, n);
      describe(nodes[n].looks);
    }
  }
  return std::move(plan_);
}

void Graph::forward(int network, std::vector<Node>& nodes, size_t n) {
  Node& node = nodes[n];
  node.features = tensor(node.shape);
  Step step{};
  step.out = node.features;
  step.network = network;
  if (node.input) {
    step.op = "input";
    step.in = plan_.picture;
  } else {
    step.in = nodes[n - 1].features;
    step.convolution = node.convolution;
    step.dense = node.dense;
    step.relu = node.fused_relu;
    step.op = op_of(node.kind);
    if (node.kind == LayerKind::pool) step.scale = request_.pool_scale;
    if (node.kind == LayerKind::dense) step.scratch = dense_scratch(network, node);
  }
  emit(step);
  for (const Glance& glance : node.looks) arrive(glance, node.shape, node.features);
}

// The gradient of a node is what its terms say plus what comes back from the node after it.
void Graph::backward(int network, std::vector<Node>& nodes) {
  BufferId behind = kNoBuffer;  // gradient of node n + 1
  for (size_t n = nodes.size(); n-- > 0;) {
    Node& node = nodes[n];
    const bool from_behind = behind != kNoBuffer;
    Writing writing;
    writing.left = node.looks.size() + (from_behind ? 1 : 0);
    writing.mask = node.fused_relu ? node.features : kNoBuffer;
    writing.gradient = tensor(node.shape);
    for (const Glance& glance : node.looks) differentiate(writing, glance);
    if (from_behind) write(writing, back(network, node, nodes[n + 1], behind));
    behind = writing.gradient;
  }
  if (behind == kNoBuffer) return;
  Step step{};
  step.op = "input_back";
  step.in = behind;
  step.network = network;
  write(picture_, step);
}

// From the gradient of a node to that of the one before it.
Step Graph::back(int network, const Node& node, const Node& next, BufferId gradient) {
  Step step{};
  step.in = gradient;
  step.network = network;
  step.convolution = next.convolution;
  step.dense = next.dense;
  if (next.kind == LayerKind::conv) {
    step.op = "conv_back";
  } else if (next.kind == LayerKind::relu) {
    step.op = "relu_back";
    step.other = next.features;
  } else if (next.kind == LayerKind::dense) {
    step.op = "dense_back";
    step.scratch = dense_scratch(network, next);
  } else {
    step.op = "pool_back";
    step.scale = request_.pool_scale;
    step.other = node.features;
  }
  return step;
}

BufferId Graph::dense_scratch(int network, const Node& node) {
  const Architecture& architecture = *networks_[static_cast<size_t>(network)];
  const Dense& dense = architecture.dense[static_cast<size_t>(node.dense)];
  return working("dense", {dense.terms() + dense.outputs, static_cast<int>(node.shape.positions()), 1});
}

void Graph::arrive(const Glance& glance, const Shape& shape, BufferId features) {
  Site& at = glance.look->site;
  Place& place = at.places[static_cast<size_t>(glance.place)];
  place.shape = shape;
  place.features = features;
  if (glance.look->mask >= 0) place.guide = guide(glance.look->mask, shape);
  static_cast<Place&>(at) = place;
  at.place = glance.place;
  --glance.look->missing;
}

// Of those that have just arrived, the ones that have all that they look at.
void Graph::measure(const std::vector<Glance>& arrived) {
  for (const Glance& glance : arrived) {
    if (glance.look->missing == 0) glance.look->site.loss->measure(*this, glance.look->site);
  }
}

void Graph::describe(const std::vector<Glance>& arrived) {
  for (const Glance& glance : arrived) {
    if (glance.look->missing > 0) continue;
    const Site& site = glance.look->site;
    auto& found = plan_.targets[static_cast<size_t>(site.slot)];
    found = site.loss->describe(*this, site);
    for (const BufferId id : found) persistent(id);
  }
}

void Graph::differentiate(Writing& writing, const Glance& glance) {
  Site& at = glance.look->site;
  static_cast<Place&>(at) = at.places[static_cast<size_t>(glance.place)];
  at.place = glance.place;
  if (!at.term->normalize || at.features == plan_.picture) {
    differentiate(writing, at);
    return;
  }
  Writing own;
  own.left = 1;
  own.gradient = tensor(at.shape);
  differentiate(own, at);
  Step step{};
  step.op = "normalize";
  step.in = own.gradient;
  step.scratch = working(step.op, at.shape);
  step.scale = at.term->weight;
  write(writing, step);
}

void Graph::differentiate(Writing& writing, Site& at) {
  writing_ = &writing;
  at.loss->differentiate(*this, at);
  writing_ = nullptr;
}

void Graph::contribute(Step step) {
  write(*writing_, step);
}

void Graph::write(Writing& writing, Step step) {
  step.out = writing.gradient;
  step.accumulate = !writing.first;
  writing.first = false;
  if (--writing.left == 0) step.mask = writing.mask;
  emit(step);
}

BufferId Graph::target(Site& at, BufferKind kind, const Shape& shape) {
  const BufferId id = kind == BufferKind::tensor ? tensor(shape) : dense(shape);
  plan_.buffers[static_cast<size_t>(id)].given = true;
  plan_.targets[static_cast<size_t>(at.slot)].push_back(id);
  return id;
}

BufferId Graph::guided(const Site& at) {
  if (at.guide == kNoBuffer) return at.features;
  Step step{};
  step.op = "weigh";
  step.in = at.features;
  step.guide = at.guide;
  step.out = tensor(at.shape);
  emit(step);
  return step.out;
}

BufferId Graph::guide_on(const Site& at, const Shape& grid) {
  const int mask = at.target == nullptr ? at.term->mask : at.target->mask;
  return mask < 0 ? kNoBuffer : guide(mask, grid);
}

BufferId Graph::guide(int mask, const Shape& shape) {
  const auto [found, made] = guides_.emplace(std::make_tuple(mask, shape.height, shape.width), kNoBuffer);
  if (made) {
    found->second = persistent(dense({1, shape.height, shape.width}));
    plan_.guides.push_back({found->second, mask});
  }
  return found->second;
}

BufferId Graph::tensor(const Shape& shape) {
  return buffer(BufferKind::tensor, shape, sizes_.tensor_bytes(shape));
}

BufferId Graph::dense(const Shape& shape) {
  return buffer(BufferKind::dense, shape, shape.elements() * sizeof(float));
}

BufferId Graph::working(std::string_view op, const Shape& features) {
  return buffer(BufferKind::working, features, sizes_.working_bytes(op, features));
}

BufferId Graph::buffer(BufferKind kind, const Shape& shape, size_t bytes) {
  Buffer made;
  made.kind = kind;
  made.shape = shape;
  made.bytes = bytes;
  plan_.buffers.push_back(made);
  return static_cast<BufferId>(plan_.buffers.size()) - 1;
}

BufferId Graph::persistent(BufferId id) {
  persistent_.push_back(id);
  return id;
}

void Graph::emit(const Step& step) {
  plan_.steps.push_back(step);
}

void Graph::prepare(const Step& step) {
  preparation_.push_back(step);
}

uint64_t Graph::seed(const Site& at) const {
  const std::vector<Term>& terms = request_.objective.terms;
  return request_.seed + static_cast<uint64_t>(at.term - terms.data()) * 0x9e3779b97f4a7c15U;
}

Shape Graph::optimised() const {
  return request_.optimised.channels > 0 ? request_.optimised : Shape{3, request_.height, request_.width};
}

Shape Graph::optimised_at(const Site& at) const {
  Shape shape = optimised();
  const Architecture& architecture = *networks_[static_cast<size_t>(at.term->network)];
  for (const Layer& layer : layers_of(architecture)) {
    shape = shape_after(layer, architecture, shape, request_.rounding);
    if (layer.name == at.term->layers[0]) break;
  }
  return shape;
}

double Graph::range(const Site& at) const {
  const Architecture& network = *networks_[static_cast<size_t>(at.term->network)];
  return static_cast<double>(network.preprocessing.range) / 255;
}

// What is given, or made by preparation, and iterations read must outlive every iteration.
void Graph::put_preparation_first() {
  std::set<BufferId> made;
  for (const std::vector<BufferId>& given : plan_.targets) made.insert(given.begin(), given.end());
  for (const Step& step : preparation_) {
    for (const BufferId id : step.buffers()) made.insert(id);
  }
  made.erase(kNoBuffer);
  for (const Step& step : plan_.steps) {
    for (const BufferId id : step.buffers()) {
      if (made.erase(id) > 0) persistent(id);
    }
  }
  plan_.preparation = preparation_.size();
  plan_.steps.insert(plan_.steps.begin(), preparation_.begin(), preparation_.end());
}

}  // namespace scumble

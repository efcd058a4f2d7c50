#include "plan.h"

#include <algorithm>
#include <numeric>

#include "backend.h"
#include "error.h"

namespace scumble {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Gives every buffer an offset such that two buffers overlap in memory only if they are never alive together:
// largest first, each into the lowest gap that the already placed ones leave it.
size_t place(std::vector<Buffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  size_t total = 0;
  std::vector<size_t> placed;  // sorted by offset
  for (const size_t id : order) {
    Buffer& buffer = buffers[id];
    size_t offset = 0;
    for (const size_t other_id : placed) {
      const Buffer& other = buffers[other_id];
      if (other.last < buffer.first || buffer.last < other.first) continue;
      if (offset + buffer.bytes <= other.offset) break;
      offset = std::max(offset, other.offset + other.bytes);
    }
    buffer.offset = offset;
    total = std::max(total, offset + buffer.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), id,
                                   [&](size_t a, size_t b) { return buffers[a].offset < buffers[b].offset; }),
                  id);
  }
  return total;
}

// A point of the chain that a loss may look at: the picture, a convolution (with its ReLU where nothing looks
// in between), a lone ReLU, or a pool.
struct Node {
  LayerKind kind = LayerKind::conv;
  std::string name;
  bool input = false;
  bool fused_relu = false;
  int convolution = -1;
  Shape shape;
  BufferId features = kNoBuffer;
  std::vector<int> content;  // terms of the objective that look here
  std::vector<int> style;
};

class Builder {
 public:
  Builder(const Backend& backend, const Architecture& architecture, const PlanRequest& request)
      : backend_(backend), architecture_(architecture), request_(request) {
    if (request.width < 1 || request.height < 1) throw InvalidArgument("a picture needs at least one pixel");
    plan_.pooling = request.pooling;
    plan_.rounding = request.rounding;
    plan_.content.assign(request.objective.content.size(), kNoBuffer);
    plan_.style.assign(request.objective.style.size(), kNoBuffer);
    make_nodes();
    plan_.picture = persistent(BufferKind::picture, {3, request.height, request.width});
  }

  Plan iteration() {
    const Shape picture{3, request_.height, request_.width};
    plan_.gradient = persistent(BufferKind::picture, picture);
    for (int i = 0; i < request_.vectors; ++i)
      plan_.vectors.push_back(persistent(BufferKind::picture, picture));
    style_differences_.assign(plan_.style.size(), kNoBuffer);
    plan_.slots = static_cast<int>(plan_.content.size() + plan_.style.size()) + 1;
    for (size_t n = 0; n < nodes_.size(); ++n) {
      forward(n);
      for (const int term : nodes_[n].style) measure_style(nodes_[n], term);
    }
    backward();
    return finish();
  }

  Plan targets() {
    for (size_t n = 0; n < nodes_.size(); ++n) {
      forward(n);
      const Node& node = nodes_[n];
      for (const int term : node.content) {
        persist(node.features);
        plan_.content[static_cast<size_t>(term)] = node.features;
      }
      for (const int term : node.style) {
        const BufferId gram = persistent(BufferKind::matrix, {node.shape.channels, 0, 0});
        plan_.style[static_cast<size_t>(term)] = gram;
        emit_gram(node, gram);
      }
    }
    return finish();
  }

 private:
  void make_nodes() {
    const std::vector<Layer> layers = layers_of(architecture_);
    const auto& objective = request_.objective;
    const auto looks_at = [](const std::vector<LayerTerm>& terms, const std::string& name) {
      std::vector<int> found;
      for (size_t i = 0; i < terms.size(); ++i) {
        if (terms[i].layer == name) found.push_back(static_cast<int>(i));
      }
      return found;
    };
    for (const auto* terms : {&objective.content, &objective.style}) {
      for (const LayerTerm& term : *terms) {
        const bool known =
            std::any_of(layers.begin(), layers.end(), [&](const Layer& l) { return l.name == term.layer; });
        if (!known) throw InvalidArgument("the network has no layer " + term.layer);
      }
    }

    Shape shape{3, request_.height, request_.width};
    Node input;
    input.input = true;
    input.name = "input";
    input.shape = shape;
    nodes_.push_back(input);
    size_t deepest = 0;
    for (const Layer& layer : layers) {
      Node node;
      node.kind = layer.kind;
      node.name = layer.name;
      node.convolution = layer.convolution;
      node.content = looks_at(objective.content, layer.name);
      node.style = looks_at(objective.style, layer.name);
      if (layer.kind == LayerKind::conv) {
        shape.channels = architecture_.convolutions[static_cast<size_t>(layer.convolution)].outputs;
      } else if (layer.kind == LayerKind::pool) {
        shape.height = pooled(shape.height, request_.rounding);
        shape.width = pooled(shape.width, request_.rounding);
      }
      node.shape = shape;
      Node& previous = nodes_.back();
      const bool watched = !previous.content.empty() || !previous.style.empty();
      if (layer.kind == LayerKind::relu && !watched) {
        previous.name = node.name;
        previous.fused_relu = true;
        previous.content = node.content;
        previous.style = node.style;
      } else {
        nodes_.push_back(node);
      }
      if (!node.content.empty() || !node.style.empty()) {
        deepest = nodes_.size() - 1;
        if (shape.positions() == 0) {
          throw InvalidArgument("a picture of " + std::to_string(request_.width) + "x" +
                                std::to_string(request_.height) + " is too small for " + layer.name);
        }
      }
    }
    nodes_.resize(deepest + 1);
  }

  void forward(size_t n) {
    Node& node = nodes_[n];
    node.features = buffer(BufferKind::tensor, node.shape);
    Step step{};
    step.out = node.features;
    if (node.input) {
      step.op = Op::input;
      step.in = plan_.picture;
    } else {
      step.in = nodes_[n - 1].features;
      step.convolution = node.convolution;
      step.relu = node.fused_relu;
      step.op = node.kind == LayerKind::conv ? Op::conv : node.kind == LayerKind::relu ? Op::relu : Op::pool;
    }
    emit(step);
  }

  void emit_gram(const Node& node, BufferId out) {
    Step step{};
    step.op = Op::gram;
    step.in = node.features;
    step.out = out;
    step.scratch = buffer(BufferKind::scratch, {}, backend_.matrix_scratch_bytes(node.shape));
    emit(step);
  }

  void measure_style(const Node& node, int term) {
    const Shape matrix{node.shape.channels, 0, 0};
    const BufferId gram = buffer(BufferKind::matrix, matrix);
    emit_gram(node, gram);
    const size_t t = static_cast<size_t>(term);
    plan_.style[t] = persistent(BufferKind::matrix, matrix);
    style_differences_[t] = buffer(BufferKind::matrix, matrix);
    Step step{};
    step.op = Op::style_loss;
    step.in = gram;
    step.other = plan_.style[t];
    step.out = style_differences_[t];
    step.slot = static_cast<int>(plan_.content.size()) + term;
    step.weight = request_.objective.style[t].weight;
    step.positions = node.shape.positions();
    emit(step);
  }

  // The gradient of a node is what its losses say plus what comes back from the node after it; whoever writes
  // last applies the ReLU mask.
  void backward() {
    BufferId behind = kNoBuffer;  // gradient of node n + 1
    for (size_t n = nodes_.size(); n-- > 0;) {
      Node& node = nodes_[n];
      const bool from_behind = behind != kNoBuffer;
      size_t writers = node.content.size() + node.style.size() + (from_behind ? 1 : 0);
      if (writers == 0 && !node.input) continue;
      const BufferId gradient = writers > 0 ? buffer(BufferKind::tensor, node.shape) : kNoBuffer;
      bool first = true;
      const auto write = [&](Step step) {
        step.out = gradient;
        step.accumulate = !first;
        first = false;
        if (--writers == 0 && node.fused_relu) step.mask = node.features;
        emit(step);
      };
      for (const int term : node.content) {
        const size_t t = static_cast<size_t>(term);
        plan_.content[t] = persistent(BufferKind::tensor, node.shape);
        Step step{};
        step.op = Op::content_loss;
        step.in = node.features;
        step.other = plan_.content[t];
        step.slot = term;
        step.weight = request_.objective.content[t].weight;
        write(step);
      }
      for (const int term : node.style) {
        Step step{};
        step.op = Op::style_back;
        step.in = node.features;
        step.other = style_differences_[static_cast<size_t>(term)];
        step.scratch = buffer(BufferKind::scratch, {}, backend_.matrix_scratch_bytes(node.shape));
        write(step);
      }
      if (from_behind) {
        const Node& next = nodes_[n + 1];
        Step step{};
        step.in = behind;
        step.convolution = next.convolution;
        if (next.kind == LayerKind::conv) {
          step.op = Op::conv_back;
        } else if (next.kind == LayerKind::relu) {
          step.op = Op::relu_back;
          step.other = next.features;
        } else {
          step.op = Op::pool_back;
          step.other = node.features;
        }
        write(step);
      }
      behind = gradient;
    }
    Step tv{};
    tv.op = Op::tv;
    tv.in = plan_.picture;
    tv.out = plan_.gradient;
    tv.slot = plan_.slots - 1;
    tv.weight = request_.objective.tv_weight;
    emit(tv);
    if (behind != kNoBuffer) {
      Step step{};
      step.op = Op::input_back;
      step.in = behind;
      step.out = plan_.gradient;
      step.accumulate = true;
      emit(step);
    }
  }

  BufferId buffer(BufferKind kind, Shape shape, size_t bytes = 0) {
    Buffer made;
    made.kind = kind;
    made.shape = shape;
    const size_t c = static_cast<size_t>(shape.channels);
    switch (kind) {
      case BufferKind::picture:
        bytes = shape.elements() * sizeof(float);
        break;
      case BufferKind::tensor:
        bytes = backend_.tensor_bytes(shape);
        break;
      case BufferKind::matrix:
        bytes = c * c * sizeof(float);
        break;
      case BufferKind::scratch:
        break;
    }
    made.bytes = aligned(bytes);
    made.first = kUnused;
    plan_.buffers.push_back(made);
    return static_cast<BufferId>(plan_.buffers.size()) - 1;
  }

  BufferId persistent(BufferKind kind, Shape shape) {
    const BufferId id = buffer(kind, shape);
    persist(id);
    return id;
  }

  void persist(BufferId id) { always_.push_back(id); }

  void emit(const Step& step) { plan_.steps.push_back(step); }

  // The first and last step that touch each buffer; steps that the backend makes at once count as one.
  void find_lives() {
    size_t at_once = 0;
    for (size_t first = 0; first < plan_.steps.size(); first += at_once) {
      at_once = backend_.steps_at_once(plan_, first);
      for (size_t i = first; i < first + at_once; ++i) {
        const Step& step = plan_.steps[i];
        for (const BufferId id : {step.in, step.out, step.other, step.scratch, step.mask}) {
          if (id == kNoBuffer) continue;
          Buffer& touched = plan_.buffers[static_cast<size_t>(id)];
          if (touched.first == kUnused) touched.first = static_cast<int>(first);
          touched.last = static_cast<int>(first + at_once) - 1;
        }
      }
    }
  }

  Plan finish() {
    find_lives();
    for (const BufferId id : always_) {
      plan_.buffers[static_cast<size_t>(id)].first = 0;
      plan_.buffers[static_cast<size_t>(id)].last = static_cast<int>(plan_.steps.size());
    }
    plan_.bytes = place(plan_.buffers);
    return std::move(plan_);
  }

  static constexpr int kUnused = -1;
  const Backend& backend_;
  const Architecture& architecture_;
  const PlanRequest& request_;
  std::vector<Node> nodes_;
  std::vector<BufferId> style_differences_;
  std::vector<BufferId> always_;
  Plan plan_;
};

}  // namespace

Plan Plan::iteration(const Backend& backend, const Architecture& architecture, const PlanRequest& request) {
  return Builder(backend, architecture, request).iteration();
}

Plan Plan::targets(const Backend& backend, const Architecture& architecture, const PlanRequest& request) {
  return Builder(backend, architecture, request).targets();
}

int smallest_size(const Architecture& architecture, const std::string& layer, Rounding rounding) {
  int size = 1;
  for (const Layer& candidate : layers_of(architecture)) {
    if (candidate.kind == LayerKind::pool && rounding == Rounding::floor) size *= 2;
    if (candidate.name == layer) return size;
  }
  throw InvalidArgument("the network has no layer " + layer);
}

}  // namespace scumble

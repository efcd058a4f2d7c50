#include "backend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "../../cpp/core/half.h"
#include "../ops/kernels.h"
#include "devices.h"
#include "memory.h"

namespace scumble::cuda {
namespace {

// Places in a block of device memory, one after the other.
class Places {
 public:
  size_t take(size_t bytes) {
    const size_t at = bytes_;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kAlignment = 256;  // enough for any vector load
  size_t bytes_ = 0;
};

Tensor tensor_of(void* at, const Shape& shape) {
  return {at, shape.channels, shape.height, shape.width};
}

struct PackedConvolution {
  size_t forward;  // offsets in the network's memory
  size_t backward;
  size_t bias;
};

// Where everything lies, and how much it is together.
struct NetworkLayout {
  std::vector<PackedConvolution> convolutions;
  size_t bytes = 0;

  NetworkLayout(const Architecture& architecture, Precision precision) {
    Places places;
    for (const scumble::Convolution& conv : architecture.convolutions) {
      PackedConvolution packed{};
      packed.forward = places.take(packed_weight_bytes(conv.inputs, conv.outputs, false, precision));
      packed.backward = places.take(packed_weight_bytes(conv.inputs, conv.outputs, true, precision));
      packed.bias = places.take(static_cast<size_t>(padded(conv.outputs)) * sizeof(float));
      convolutions.push_back(packed);
    }
    bytes = places.bytes();
  }
};

class CudaNetwork final : public Network {
 public:
  CudaNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights, int device,
              Precision precision)
      : Network(architecture), layout_(architecture, precision), memory_(device, layout_.bytes) {
    std::vector<char> packed(layout_.bytes);
    for (size_t i = 0; i < weights.size(); ++i) {
      const scumble::Convolution& conv = architecture.convolutions[i];
      const PackedConvolution& at = layout_.convolutions[i];
      const float* w = weights[i].weight.data();
      pack_weights(w, conv.inputs, conv.outputs, false, precision, packed.data() + at.forward);
      pack_weights(w, conv.inputs, conv.outputs, true, precision, packed.data() + at.backward);
      std::memcpy(packed.data() + at.bias, weights[i].bias.data(), weights[i].bias.size() * sizeof(float));
    }
    check(cudaMemcpy(memory_.at(), packed.data(), packed.size(), cudaMemcpyHostToDevice),
          "loading the network");
  }

  size_t bytes() const override { return layout_.bytes; }
  const void* weights(int convolution, bool backward) const {
    const PackedConvolution& at = layout_.convolutions[static_cast<size_t>(convolution)];
    return memory_.at(backward ? at.backward : at.forward);
  }
  const float* bias(int convolution) const {
    return reinterpret_cast<const float*>(
        memory_.at(layout_.convolutions[static_cast<size_t>(convolution)].bias));
  }

 private:
  NetworkLayout layout_;
  DeviceMemory memory_;
};

// What a program has beside the plan's arena: partial sums, losses, the optimiser's scalars, and the
// convolutions' scratch.
struct ProgramLayout {
  size_t partials = 0;
  size_t losses = 0;
  size_t state = 0;
  size_t lbfgs = 0;
  size_t scratch = 0;
  size_t scratch_bytes = 0;
  size_t bytes = 0;

  ProgramLayout(const Plan& plan, Precision precision) {
    Places places;
    places.take(plan.bytes);  // the arena, at the start
    const size_t slots = static_cast<size_t>(plan.slots);
    partials = places.take(slots * kPartials * sizeof(double));
    losses = places.take(slots * sizeof(double));
    state = places.take(sizeof(State));
    lbfgs = places.take(lbfgs_bytes(longest_history(plan)));
    scratch_bytes = convolution_bytes(plan, precision);
    scratch = places.take(scratch_bytes);
    bytes = places.bytes();
  }

  static size_t convolution_bytes(const Plan& plan, Precision precision) {
    size_t most = 0;
    for (const Step& step : plan.steps) {
      if ((step.op != Op::conv && step.op != Op::conv_back) || step.convolution == 0) continue;
      const Shape& in = plan.buffers[static_cast<size_t>(step.in)].shape;
      const Shape& out = plan.buffers[static_cast<size_t>(step.out)].shape;
      most = std::max(most,
                      convolution_scratch_bytes(in.channels, out.channels, out.height, out.width, precision));
    }
    return most;
  }

  // The longest history that the plan has vectors for, one of which is the session's own.
  static int longest_history(const Plan& plan) {
    return std::max(1, (static_cast<int>(plan.vectors.size()) - 1) / 2 - 1);
  }
};

// What comes back to the host after iterations.
class Report {
 public:
  explicit Report(int slots)
      : slots_(slots), memory_(sizeof(State) + static_cast<size_t>(slots) * sizeof(double)) {
    state() = State{};
  }

  State& state() const { return *reinterpret_cast<State*>(memory_.at()); }
  double* losses() const { return reinterpret_cast<double*>(memory_.at(sizeof(State))); }
  size_t losses_bytes() const { return static_cast<size_t>(slots_) * sizeof(double); }

 private:
  int slots_;
  PinnedMemory memory_;
};

// A picture that the device copies in between two iterations.
class CudaSnapshot final : public Snapshot {
 public:
  CudaSnapshot(const float* from, size_t elements, int device, const Stream& stream)
      : elements_(elements), memory_(elements * sizeof(float)), copied_(device) {
    check(cudaMemcpyAsync(memory_.at(), from, elements * sizeof(float), cudaMemcpyDeviceToHost, stream),
          "reading the picture");
    try {
      copied_.record(stream);
    } catch (...) {
      cudaStreamSynchronize(stream);  // the copy must not outlive its memory
      throw;
    }
  }
  ~CudaSnapshot() override { cudaEventSynchronize(copied_); }

  std::vector<float> values() override {
    copied_.wait("reading the picture");
    const float* values = reinterpret_cast<const float*>(memory_.at());
    return {values, values + elements_};
  }

 private:
  size_t elements_;
  PinnedMemory memory_;
  Event copied_;
};

// --- steps that are made at once ---

bool follows(const Plan& plan, size_t i, Op op, BufferId in) {
  return i < plan.steps.size() && plan.steps[i].op == op && plan.steps[i].in == in;
}

bool is_measured_next(const Plan& plan, size_t i) {
  return plan.steps[i].op == Op::gram && follows(plan, i + 1, Op::style_loss, plan.steps[i].out);
}

bool is_pooled_next(const Plan& plan, size_t i) {
  return plan.steps[i].op == Op::conv && follows(plan, i + 1, Op::pool, plan.steps[i].out);
}

// The first two convolutions, with the style loss between and the pool behind: how many steps these are, or 0
// where they do not begin here. Whether there is a kernel for their channels and the card is another
// question.
size_t first_two(const Plan& plan, size_t i, Precision precision) {
  const Step& first = plan.steps[i];
  if (precision != Precision::bf16 || first.op != Op::conv || first.convolution != 0) return 0;
  size_t next = i + 1;
  if (follows(plan, next, Op::gram, first.out) && is_measured_next(plan, next)) next += 2;
  if (!follows(plan, next, Op::conv, first.out)) return 0;
  return next - i + (is_pooled_next(plan, next) ? 2 : 1);
}

class CudaProgram final : public Program {
 public:
  CudaProgram(std::shared_ptr<const CudaNetwork> network, Plan plan, int device, Precision precision)
      : network_(std::move(network)),
        plan_(std::move(plan)),
        device_(device),
        precision_(precision),
        layout_(plan_, precision),
        memory_(device, layout_.bytes),
        stream_(device),
        report_(plan_.slots) {}

  ~CudaProgram() override {
    cudaSetDevice(device_);
    cudaStreamSynchronize(stream_);
  }

  void run(double* losses, const std::atomic<bool>& cancelled) override {
    use(device_);
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    queue_evaluation();
    if (losses != nullptr) fetch_losses();
    stream_.wait("evaluating the objective");
    if (losses != nullptr) std::copy_n(report_.losses(), plan_.slots, losses);
  }

  std::unique_ptr<Iteration> iteration(const Update& update) override;

  // Tensors are unpacked on the host: only targets are read, once.
  void read(BufferId from, float* to) const override {
    use(device_);
    const Buffer& b = buffer(from);
    const auto fetch = [&](void* dense, size_t bytes) {
      // Waiting first and copying then, so that a failure leaves no copy behind into memory that its owner
      // frees.
      stream_.wait("reading device memory");
      check(cudaMemcpy(dense, at(from), bytes, cudaMemcpyDeviceToHost), "reading device memory");
    };
    if (b.kind != BufferKind::tensor) return fetch(to, dense_elements(b) * sizeof(float));
    std::vector<char> stored(tensor_bytes(b.shape, precision_));
    fetch(stored.data(), stored.size());
    each_element(b.shape, [&](size_t packed, size_t dense) { to[dense] = load(stored.data(), packed); });
  }

  void write(BufferId to, const float* from) override {
    use(device_);
    const Buffer& b = buffer(to);
    const auto send = [&](const void* dense, size_t bytes) {
      stream_.wait("writing device memory");
      check(cudaMemcpy(at(to), dense, bytes, cudaMemcpyHostToDevice), "writing device memory");
    };
    if (b.kind != BufferKind::tensor) return send(from, dense_elements(b) * sizeof(float));
    std::vector<char> stored(tensor_bytes(b.shape, precision_));
    each_element(b.shape, [&](size_t packed, size_t dense) { store(stored.data(), packed, from[dense]); });
    send(stored.data(), stored.size());
  }

  std::unique_ptr<Snapshot> snapshot(BufferId from) const override {
    use(device_);
    return std::make_unique<CudaSnapshot>(floats(from), buffer(from).shape.elements(), device_, stream_);
  }

  static size_t tensor_bytes(const Shape& shape, Precision precision) {
    return shape.positions() * static_cast<size_t>(padded(shape.channels)) * element_bytes(precision);
  }

 private:
  friend class CudaIteration;

  const Buffer& buffer(BufferId id) const { return plan_.buffers[static_cast<size_t>(id)]; }
  void* at(BufferId id) const { return id == kNoBuffer ? nullptr : memory_.at(buffer(id).offset); }
  float* floats(BufferId id) const { return static_cast<float*>(at(id)); }
  Tensor tensor(BufferId id) const { return tensor_of(at(id), buffer(id).shape); }
  double* losses() const { return reinterpret_cast<double*>(memory_.at(layout_.losses)); }
  State* state() const { return reinterpret_cast<State*>(memory_.at(layout_.state)); }
  Partials partials(int slot) const {
    return {reinterpret_cast<double*>(memory_.at(layout_.partials)) + static_cast<size_t>(slot) * kPartials};
  }

  static size_t dense_elements(const Buffer& b) {
    const size_t c = static_cast<size_t>(b.shape.channels);
    return b.kind == BufferKind::matrix ? c * c : b.shape.elements();
  }

  template <typename Visit>
  static void each_element(const Shape& shape, const Visit& visit) {
    const size_t c = static_cast<size_t>(shape.channels);
    const size_t pixel = static_cast<size_t>(padded(shape.channels));
    for (size_t p = 0; p < shape.positions(); ++p) {
      for (size_t k = 0; k < c; ++k) visit(p * pixel + k, p * c + k);
    }
  }

  float load(const char* from, size_t i) const {
    if (precision_ == Precision::bf16) {
      uint16_t half = 0;
      std::memcpy(&half, from + 2 * i, sizeof half);
      return bfloat16_to_float(half);
    }
    float value = 0;
    std::memcpy(&value, from + 4 * i, sizeof value);
    return value;
  }

  void store(char* to, size_t i, float value) const {
    if (precision_ == Precision::bf16) {
      const uint16_t half = float_to_bfloat16(value);
      std::memcpy(to + 2 * i, &half, sizeof half);
    } else {
      std::memcpy(to + 4 * i, &value, sizeof value);
    }
  }

  void fetch_losses() {
    check(
        cudaMemcpyAsync(report_.losses(), losses(), report_.losses_bytes(), cudaMemcpyDeviceToHost, stream_),
        "reading the losses");
  }

  // Every step, then the losses.
  void queue_evaluation() {
    for (size_t i = 0; i < plan_.steps.size();) {
      i += queue_at(i);
      check(cudaGetLastError(), "starting a kernel");
    }
    if (plan_.slots > 0) sum_partials(partials(0).at, plan_.slots, losses(), stream_);
    check(cudaGetLastError(), "starting a kernel");
  }

  // Returns how many steps it has queued.
  size_t queue_at(size_t i) {
    const Step* const steps = &plan_.steps[i];
    const size_t count = first_two(plan_, i, precision_);
    if (count > 0 && queue_first_two(steps, steps + count)) return count;
    if (is_measured_next(plan_, i)) {
      gram_difference(tensor(steps->in), style_term(*steps, steps[1]), partials(steps[1].slot),
                      at(steps->scratch), precision_, stream_);
      return 2;
    }
    if (is_pooled_next(plan_, i)) {
      convolve_and_pool(convolution(*steps), pooling(), tensor(steps[1].out), precision_, stream_);
      return 2;
    }
    queue(*steps);
    return 1;
  }

  bool queue_first_two(const Step* step, const Step* end) {
    FirstTwo two;
    two.first = convolution(*step++);
    if (step->op == Op::gram) {
      two.style = style_term(*step, step[1]);
      two.losses = partials(step[1].slot);
      two.scratch = at(step->scratch);
      step += 2;
    }
    two.second = convolution(*step++);
    if (step != end) {
      two.pooled = tensor(step->out);
      two.kind = pooling();
    }
    return convolve_first_two(two, precision_, stream_);
  }

  // Of a convolution or of its gradient, which has no bias.
  Convolution convolution(const Step& step) const {
    const bool backward = step.op == Op::conv_back;
    Convolution c;
    c.in = tensor(step.in);
    c.out = tensor(step.out);
    c.weights = network_->weights(step.convolution, backward);
    c.bias = backward ? nullptr : network_->bias(step.convolution);
    c.mask = at(step.mask);
    c.scratch = memory_.at(layout_.scratch);
    c.scratch_bytes = layout_.scratch_bytes;
    c.relu = step.relu;
    c.accumulate = step.accumulate;
    c.replicate = step.convolution == 0 && replicate();
    return c;
  }

  StyleTerm style_term(const Step& gram_step, const Step& loss) const {
    const double c = buffer(gram_step.in).shape.channels;
    StyleTerm term;
    term.target = floats(loss.other);
    term.difference = floats(loss.out);
    term.gradient_scale = 4 * loss.weight / (c * c * c * static_cast<double>(loss.positions));
    term.loss_scale = loss.weight / (c * c);
    return term;
  }

  void queue(const Step& step) {
    switch (step.op) {
      case Op::input:
        input(floats(step.in), tensor(step.out), channels(), precision_, stream_);
        return;
      case Op::conv:
        convolve(convolution(step), precision_, stream_);
        return;
      case Op::relu:
        relu(tensor(step.in), tensor(step.out), precision_, stream_);
        return;
      case Op::pool:
        pool(pooling(), tensor(step.in), tensor(step.out), precision_, stream_);
        return;
      case Op::gram:
        gram(tensor(step.in), floats(step.out), at(step.scratch), precision_, stream_);
        return;
      case Op::style_loss:
        throw InvalidArgument("a style loss follows its Gram matrix");
      case Op::style_back:
        style_back(tensor(step.in), floats(step.other), tensor(step.out), at(step.mask), step.accumulate,
                   at(step.scratch), precision_, stream_);
        return;
      case Op::content_loss: {
        const double n = static_cast<double>(buffer(step.in).shape.elements());
        content_loss(tensor(step.in), at(step.other), tensor(step.out), at(step.mask), step.accumulate,
                     2 * step.weight / n, step.weight / n, partials(step.slot), precision_, stream_);
        return;
      }
      case Op::conv_back:
        if (step.convolution == 0) {
          convolve_first_back(convolution(step), precision_, stream_);
        } else {
          convolve(convolution(step), precision_, stream_);
        }
        return;
      case Op::relu_back:
        relu_back(tensor(step.in), at(step.other), tensor(step.out), at(step.mask), step.accumulate,
                  precision_, stream_);
        return;
      case Op::pool_back:
        pool_back(pooling(), tensor(step.in), tensor(step.other), tensor(step.out), at(step.mask),
                  step.accumulate, precision_, stream_);
        return;
      case Op::input_back:
        input_back(tensor(step.in), floats(step.out), channels(), precision_, stream_);
        return;
      case Op::tv: {
        const Shape& shape = buffer(step.in).shape;
        total_variation(floats(step.in), shape.width, shape.height, floats(step.out), step.weight,
                        partials(step.slot), stream_);
        return;
      }
    }
  }

  bool replicate() const { return network_->architecture().preprocessing.padding == Padding::replicate; }

  Pool pooling() const {
    switch (plan_.pooling) {
      case Pooling::max:
        return Pool::max;
      case Pooling::average:
        return Pool::average;
      case Pooling::l2:
        break;
    }
    return Pool::l2;
  }

  Channels channels() const { return channels_of(network_->architecture().preprocessing); }

  std::shared_ptr<const CudaNetwork> network_;
  Plan plan_;
  int device_;
  Precision precision_;
  ProgramLayout layout_;
  DeviceMemory memory_;
  Stream stream_;
  Report report_;
};

// One graph holds all of it; nothing in it depends on the iteration's number but what the device itself
// counts. So the host can run ahead: the device never waits for it, and a word to stop is heard within two
// iterations.
class CudaIteration final : public Iteration {
 public:
  CudaIteration(CudaProgram& program, const Update& update)
      : program_(program),
        vectors_(pointers(program, update.vectors)),
        done_{Event(program.device_), Event(program.device_)},
        graph_(start(update), [&] { queue(update); }) {}

  void run(int count, double* losses, const std::atomic<bool>& cancelled) override {
    use(program_.device_);
    const int before = completed_;
    for (int i = 0; i < count && !cancelled.load(std::memory_order_relaxed); ++i) {
      const Event& done = done_[static_cast<size_t>(i) % done_.size()];
      if (static_cast<size_t>(i) >= done_.size()) done.wait("iterating");
      graph_.launch(program_.stream_);
      done.record(program_.stream_);
      ++completed_;
    }
    program_.fetch_losses();
    const State& state = program_.report_.state();
    check(cudaMemcpyAsync(&program_.report_.state(), program_.state(), sizeof(State), cudaMemcpyDeviceToHost,
                          program_.stream_),
          "reading the state");
    program_.stream_.wait("iterating");
    if (state.diverged > 0) {
      completed_ = state.diverged;
      throw Diverged(state.diverged);
    }
    if (completed_ < before + count) throw Cancelled();
    std::copy_n(program_.report_.losses(), program_.plan_.slots, losses);
  }

  int completed() const override { return completed_; }
  double mean_weight() const override { return program_.report_.state().mean_weight; }

 private:
  static std::vector<float*> pointers(const CudaProgram& program, const std::vector<BufferId>& ids) {
    std::vector<float*> found;
    for (const BufferId id : ids) found.push_back(program.floats(id));
    return found;
  }

  // The state before the first iteration. Returns the stream to capture on.
  const Stream& start(const Update& update) {
    use(program_.device_);
    State& state = program_.report_.state();
    state = State{};
    state.best_total = INFINITY;
    check(cudaMemcpyAsync(program_.state(), &state, sizeof state, cudaMemcpyHostToDevice, program_.stream_),
          "starting the optimiser");
    if (update.optimizer.kind == OptimizerKind::lbfgs) {
      lbfgs_start(lbfgs_update(update), lbfgs_memory(), program_.stream_);
      check(cudaGetLastError(), "starting the optimiser");
    }
    program_.stream_.wait("starting the optimiser");
    return program_.stream_;
  }

  void queue(const Update& update) {
    program_.queue_evaluation();
    judge(program_.losses(), program_.plan_.slots, program_.state(), program_.stream_);
    const size_t elements = program_.buffer(update.picture).shape.elements();
    keep_result(program_.floats(update.picture), program_.floats(update.result), elements, update.averaging,
                program_.state(), program_.stream_);
    if (update.optimizer.kind == OptimizerKind::lbfgs) {
      lbfgs(lbfgs_update(update), program_.state(), lbfgs_memory(), program_.stream_);
    } else {
      const AdamConstants& k = update.optimizer.adam;
      adam({program_.floats(update.picture), program_.floats(update.gradient), vectors_[0], vectors_[1],
            elements, k.learning_rate, k.beta1, k.beta2, k.epsilon},
           program_.state(), program_.stream_);
    }
    check(cudaGetLastError(), "capturing an iteration");
  }

  LbfgsUpdate lbfgs_update(const Update& update) const {
    return {program_.floats(update.picture),
            program_.floats(update.gradient),
            vectors_.data(),
            update.optimizer.history,
            program_.buffer(update.picture).shape.elements(),
            update.optimizer.adam.learning_rate};
  }

  void* lbfgs_memory() const { return program_.memory_.at(program_.layout_.lbfgs); }

  CudaProgram& program_;
  std::vector<float*> vectors_;
  std::array<Event, 2> done_;  // of the last iterations
  Graph graph_;
  int completed_ = 0;
};

std::unique_ptr<Iteration> CudaProgram::iteration(const Update& update) {
  return std::make_unique<CudaIteration>(*this, update);
}

}  // namespace

CudaBackend::CudaBackend(int device, Precision precision) : device_(device), precision_(precision) {
  const Devices all = devices();
  if (device < 0 || static_cast<size_t>(device) >= all.found.size()) {
    throw InvalidArgument("there is no CUDA device " + std::to_string(device) +
                          (all.problem.empty() ? "" : ": " + all.problem));
  }
  const Device& chosen = all.found[static_cast<size_t>(device)];
  if (!chosen.problem.empty()) throw InvalidArgument(chosen.name + ": " + chosen.problem);
  if (precision != Precision::float32 && !chosen.has_mma()) {
    throw InvalidArgument(chosen.name +
                          " has no matrix units for this precision (compute capability 8.0 is needed)");
  }
}

size_t CudaBackend::tensor_bytes(const Shape& shape) const {
  return CudaProgram::tensor_bytes(shape, precision_);
}

size_t CudaBackend::steps_at_once(const Plan& plan, size_t step) const {
  if (const size_t count = first_two(plan, step, precision_)) return count;
  return is_measured_next(plan, step) || is_pooled_next(plan, step) ? 2 : 1;
}

size_t CudaBackend::matrix_scratch_bytes(const Shape& features) const {
  return gram_scratch_bytes(features.channels, features.height, features.width, precision_);
}

size_t CudaBackend::program_bytes(const Plan& plan, int) const {
  return ProgramLayout(plan, precision_).bytes;
}

size_t CudaBackend::network_bytes(const Architecture& architecture) const {
  return NetworkLayout(architecture, precision_).bytes;
}

std::shared_ptr<const Network> CudaBackend::load(const Architecture& architecture,
                                                 const std::vector<ConvolutionWeights>& weights) const {
  validate(architecture, weights);
  return std::make_shared<CudaNetwork>(architecture, weights, device_, precision_);
}

std::unique_ptr<Program> CudaBackend::compile(std::shared_ptr<const Network> network, Plan plan, int) const {
  const auto mine = std::static_pointer_cast<const CudaNetwork>(network);
  return std::make_unique<CudaProgram>(mine, std::move(plan), device_, precision_);
}

std::vector<float> CudaBackend::resample(const float* from, int width, int height, int channels, int to_width,
                                         int to_height, float low, float high, int) const {
  const auto elements = [channels](int w, int h) {
    return static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(channels);
  };
  std::vector<float> values(elements(to_width, to_height));
  const size_t in_bytes = elements(width, height) * sizeof(float);
  const size_t out_bytes = values.size() * sizeof(float);
  Places places;
  const size_t in = places.take(in_bytes);
  const size_t out = places.take(out_bytes);
  const size_t scratch = places.take(resample_scratch_bytes(width, height, channels, to_width, to_height));
  const DeviceMemory memory(device_, places.bytes());
  const Stream stream(device_);
  const auto floats = [&](size_t place) { return reinterpret_cast<float*>(memory.at(place)); };
  check(cudaMemcpy(memory.at(in), from, in_bytes, cudaMemcpyHostToDevice), "resampling");
  cuda::resample(floats(in), width, height, channels, to_width, to_height, low, high, floats(out),
                 memory.at(scratch), stream);
  check(cudaGetLastError(), "resampling");
  stream.wait("resampling");
  check(cudaMemcpy(values.data(), memory.at(out), out_bytes, cudaMemcpyDeviceToHost), "resampling");
  return values;
}

}  // namespace scumble::cuda

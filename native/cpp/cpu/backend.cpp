#include "backend.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../core/error.h"
#include "arena.h"
#include "network.h"
#include "resample.h"
#include "thread_pool.h"

namespace scumble::cpu {
namespace {

// Input rows that a product's task works on should stay in the second-level cache, as should a block of
// weights.
constexpr size_t kTaskBytes = size_t{256} << 10;
// Elements of one task of a plain pass over memory.
constexpr size_t kTaskElements = size_t{1} << 13;
// Elements of one call of a vector kernel: several such runs fit the first-level cache.
constexpr size_t kRunElements = 1024;
// Partial Gram matrices together take no more doubles than this.
constexpr int kGramSums = 1 << 16;
constexpr int kGramSplits = 16;
// Most rows of a Gram matrix that one task computes of a block of columns: whole register tiles of 6 or 14.
constexpr size_t kGramRows = 42;
// Tasks that a direct product is cut into at least, if it has as many rows: a step must not leave cores idle.
constexpr size_t kTasks = 256;

// Transformed inputs of one task of a Winograd product: they should stay near the core.
constexpr int kWinogradFloats = 1 << 20;
// Transforming the kernels of a block takes about as long as this many tiles' products.
constexpr int kKernelsTime = 12;
constexpr int kSmallTile = 4;
constexpr int kLargeTile = 6;
constexpr int kWinogradChannels = 16;
// Inputs from which a fast forward product is of bf16; the gradient's can always be.
constexpr int kFastChannels = 512;

int points_of(int tile) {
  return (tile + 2) * (tile + 2);
}

int winograd_tiles(const Shape& out, int tile) {
  return (out.height + tile - 1) / tile * ((out.width + tile - 1) / tile);
}

// Whether a 3x3 product pays by Winograd: enough channels on both sides, and not too much of its tiles
// outside.
bool by_winograd(const Shape& in, const Shape& out) {
  constexpr size_t kOutputs = kSmallTile * kSmallTile;
  return in.channels >= kWinogradChannels && out.channels >= kWinogradChannels &&
         static_cast<size_t>(winograd_tiles(out, kSmallTile)) * kOutputs < 2 * out.positions();
}

// Outputs a side of a tile: large tiles where they save a tenth of the multiplications, for all that hangs
// over the edge. Only the gradient's: forward, their error would open or shut a ReLU now and then, and one of
// those moves the golden gradient by 2e-5 of its norm. Products of bf16 have none.
int winograd_tile(const Kernels& kernels, bool back, bool fast, const Shape& out) {
  if (!back || fast || !kernels.large_tiles) return kSmallTile;
  const auto products = [&](int tile) { return int64_t{points_of(tile)} * winograd_tiles(out, tile); };
  return 10 * products(kLargeTile) <= 9 * products(kSmallTile) ? kLargeTile : kSmallTile;
}

// How a Winograd product is cut into tasks: runs of tiles, times groups of output blocks. Short runs
// transform kernels more often, and tasks that share a run each transform its input; of the cuts that fill
// the threads' last round, this is the one that should end first. What comes out does not depend on it.
struct WinogradCut {
  int tiles;
  int runs = 1;
  int groups = 1;

  WinogradCut(const Kernels& kernels, int tile, const Shape& in, const Shape& out, int threads)
      : tiles(winograd_tiles(out, tile)) {
    const auto parts = [](int64_t n, int64_t size) { return (n + size - 1) / size; };
    const int longest = std::clamp(kWinogradFloats / (points_of(tile) * in.channels), 1, kernels.run_tiles);
    const int64_t fewest = parts(tiles, longest);
    const int64_t blocks = static_cast<int64_t>(blocks_of(out.channels, kernels.block));
    int64_t least = INT64_MAX;
    for (int64_t n = 1; n <= blocks; ++n) {
      const int64_t rounds = parts(fewest * n, threads);
      const int64_t filled = std::min<int64_t>(tiles, rounds * threads / n);
      // In products of one tile and one block. Transforming a tile's inputs takes about as long as one.
      const int64_t tile_time = 1 + parts(blocks, n);
      const int64_t time = rounds * (parts(tiles, filled) * tile_time + kKernelsTime * parts(blocks, n));
      if (time < least) {
        least = time;
        runs = static_cast<int>(filled);
        groups = static_cast<int>(n);
      }
    }
  }
};

// Floats that one thread needs beside the arena for a step.
size_t scratch_floats(const Kernels& kernels, bool fast, const Plan& plan, const Step& step, int threads) {
  if (step.op != Op::conv && step.op != Op::conv_back) return 0;
  const Shape& in = plan.buffers[static_cast<size_t>(step.in)].shape;
  const Shape& out = plan.buffers[static_cast<size_t>(step.out)].shape;
  if (step.op == Op::conv_back && step.convolution == 0) return kernels.first_back_scratch(out.width);
  if (!by_winograd(in, out)) return 0;
  const int tile = winograd_tile(kernels, step.op == Op::conv_back, fast, out);
  const WinogradCut cut(kernels, tile, in, out, threads);
  return kernels.winograd_scratch(tile, in.channels, (cut.tiles + cut.runs - 1) / cut.runs);
}

// Each thread's scratch, a multiple of a cache line.
size_t scratch_bytes(const Kernels& kernels, bool fast, const Plan& plan, int threads) {
  size_t floats = 0;
  for (const Step& step : plan.steps) {
    floats = std::max(floats, scratch_floats(kernels, fast, plan, step, threads));
  }
  return (floats * sizeof(float) + 63) / 64 * 64;
}

int gram_splits(const Shape& features) {
  const int by_memory = kGramSums / (features.channels * features.channels);
  return std::max(1, std::min({by_memory, kGramSplits, features.height}));
}

// There is nothing to wait for: the copy is made at once.
class CpuSnapshot final : public Snapshot {
 public:
  explicit CpuSnapshot(std::vector<float> values) : values_(std::move(values)) {}
  std::vector<float> values() override { return std::move(values_); }

 private:
  std::vector<float> values_;
};

class CpuProgram final : public Program, public Vectors {
 public:
  CpuProgram(const Kernels& kernels, bool fast, std::shared_ptr<const CpuNetwork> network, Plan plan,
             int threads)
      : kernels_(kernels),
        fast_(fast),
        network_(std::move(network)),
        plan_(std::move(plan)),
        threads_(threads),
        arena_(plan_.bytes),
        scratch_bytes_(scratch_bytes(kernels, fast, plan_, threads)),
        scratch_(scratch_bytes_ * static_cast<size_t>(threads)) {}

  void run(double* losses, const std::atomic<bool>& cancelled) override {
    for (const Step& step : plan_.steps) {
      if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
      const double loss = run(step);
      if (step.slot >= 0) losses[step.slot] = loss;
    }
  }

  void read(BufferId from, float* to) const override {
    dense(from, [&](float* stored, size_t offset, size_t count) {
      std::memcpy(to + offset, stored, count * sizeof(float));
    });
  }

  void write(BufferId to, const float* from) override {
    dense(to, [&](float* stored, size_t offset, size_t count) {
      std::memcpy(stored, from + offset, count * sizeof(float));
    });
  }

  std::unique_ptr<Snapshot> snapshot(BufferId from) const override {
    return std::make_unique<CpuSnapshot>(std::vector<float>(floats(from), floats(from) + elements(from)));
  }

  std::unique_ptr<Iteration> iteration(const Update& update) override {
    return std::make_unique<HostIteration>(*this, *this, plan_.slots, update);
  }

  void copy(BufferId to, BufferId from) override {
    std::memcpy(floats(to), floats(from), elements(from) * sizeof(float));
  }

  double sum_abs(BufferId v) override {
    const float* data = floats(v);
    return reduce(elements(v), [&](size_t begin, size_t n) { return kernels_.sum_abs(data + begin, n); });
  }

  void products(const std::vector<BufferId>& left, const std::vector<BufferId>& right, double* out) override {
    const size_t n = elements(left[0]);
    const size_t count = left.size() * right.size();
    const size_t tasks = (n + kTaskElements - 1) / kTaskElements;
    std::vector<double> partial(tasks * count);
    each(tasks, [&](size_t task) {
      std::vector<const float*> l(left.size());
      std::vector<const float*> r(right.size());
      const size_t end = std::min(n, (task + 1) * kTaskElements);
      for (size_t begin = task * kTaskElements; begin < end; begin += kRunElements) {
        for (size_t i = 0; i < l.size(); ++i) l[i] = floats(left[i]) + begin;
        for (size_t i = 0; i < r.size(); ++i) r[i] = floats(right[i]) + begin;
        kernels_.products(l.data(), static_cast<int>(l.size()), r.data(), static_cast<int>(r.size()),
                          std::min(kRunElements, end - begin), &partial[task * count]);
      }
    });
    std::fill(out, out + count, 0.0);
    for (size_t task = 0; task < tasks; ++task) {
      for (size_t i = 0; i < count; ++i) out[i] += partial[task * count + i];
    }
  }

  void combine(BufferId to, const std::vector<BufferId>& terms,
               const std::vector<double>& coefficients) override {
    vector_pass(elements(to), [&](size_t begin, size_t n) {
      std::vector<const float*> from(terms.size());
      for (size_t i = 0; i < from.size(); ++i) from[i] = floats(terms[i]) + begin;
      kernels_.combine(floats(to) + begin, from.data(), coefficients.data(), static_cast<int>(from.size()),
                       n);
    });
  }

  void adam(BufferId x, BufferId gradient, BufferId m, BufferId v, int64_t t,
            const AdamConstants& k) override {
    const double step = k.learning_rate / (1 - std::pow(k.beta1, static_cast<double>(t)));
    const double correction = 1 / std::sqrt(1 - std::pow(k.beta2, static_cast<double>(t)));
    vector_pass(elements(x), [&](size_t begin, size_t n) {
      kernels_.adam(floats(x) + begin, floats(gradient) + begin, floats(m) + begin, floats(v) + begin,
                    k.beta1, k.beta2, static_cast<float>(step), static_cast<float>(correction),
                    static_cast<float>(k.epsilon), n);
    });
  }

 private:
  const Buffer& buffer(BufferId id) const { return plan_.buffers[static_cast<size_t>(id)]; }
  float* floats(BufferId id) const { return reinterpret_cast<float*>(arena_.at(buffer(id).offset)); }
  size_t elements(BufferId id) const { return buffer(id).shape.elements(); }

  Tensor tensor(BufferId id) const {
    const Shape& shape = buffer(id).shape;
    Tensor t{floats(id), shape.channels, shape.height, shape.width};
    t.at += t.row() + t.channels;
    return t;
  }

  // A mask, or another tensor of a step's own shape, as a pointer to pixel (0, 0).
  const float* origin(BufferId id) const { return id == kNoBuffer ? nullptr : tensor(id).at; }

  // Calls visit(stored, offset in the dense copy, count) for every contiguous stretch.
  template <typename Visit>
  void dense(BufferId id, Visit visit) const {
    const Buffer& b = buffer(id);
    if (b.kind != BufferKind::tensor) {
      const size_t c = static_cast<size_t>(b.shape.channels);
      visit(floats(id), size_t{0}, b.kind == BufferKind::matrix ? c * c : b.shape.elements());
      return;
    }
    const Tensor t = tensor(id);
    const size_t row = static_cast<size_t>(t.width) * static_cast<size_t>(t.channels);
    for (int y = 0; y < t.height; ++y) visit(t.pixel(y, 0), static_cast<size_t>(y) * row, row);
  }

  template <typename Task>
  void each(size_t count, const Task& task) const {
    ThreadPool::shared().run(static_cast<int>(count), threads_, [&](int i) { task(static_cast<size_t>(i)); });
  }

  // The same with a thread's own scratch: task(index, scratch).
  template <typename Task>
  void each_with_scratch(int count, const Task& task) const {
    std::atomic<int> next{0};
    const int workers = std::min(count, threads_);
    ThreadPool::shared().run(workers, threads_, [&](int worker) {
      float* scratch = reinterpret_cast<float*>(scratch_.at(static_cast<size_t>(worker) * scratch_bytes_));
      for (int i = next++; i < count; i = next++) task(i, scratch);
    });
  }

  // Rows of a pass over memory, in tasks: pass(y0, y1).
  template <typename Pass>
  void each_rows(int height, size_t row_elements, const Pass& pass) const {
    const int rows = static_cast<int>(std::max<size_t>(1, kTaskElements / std::max<size_t>(1, row_elements)));
    each(static_cast<size_t>((height + rows - 1) / rows), [&](size_t task) {
      const int y0 = static_cast<int>(task) * rows;
      pass(y0, std::min(height, y0 + rows));
    });
  }

  // The same for a pass that returns its share of a sum; shares are added in order.
  template <typename Pass>
  double sum_rows(int height, size_t row_elements, const Pass& pass) const {
    std::vector<double> shares(static_cast<size_t>(height));
    each_rows(height, row_elements, [&](int y0, int y1) { shares[static_cast<size_t>(y0)] = pass(y0, y1); });
    double total = 0;
    for (const double share : shares) total += share;
    return total;
  }

  template <typename Pass>
  void vector_pass(size_t n, const Pass& pass) const {
    each((n + kTaskElements - 1) / kTaskElements, [&](size_t task) {
      const size_t begin = task * kTaskElements;
      pass(begin, std::min(kTaskElements, n - begin));
    });
  }

  template <typename Pass>
  double reduce(size_t n, const Pass& pass) const {
    std::vector<double> shares((n + kTaskElements - 1) / kTaskElements);
    vector_pass(n, [&](size_t begin, size_t count) { shares[begin / kTaskElements] = pass(begin, count); });
    double total = 0;
    for (const double share : shares) total += share;
    return total;
  }

  double run(const Step& step) {
    switch (step.op) {
      case Op::input:
        input(step);
        return 0;
      case Op::conv: {
        const CpuNetwork::Packed& packed = network_->packed(step.convolution);
        Product p;
        p.in = tensor(step.in);
        p.out = tensor(step.out);
        p.weights = packed.forward.data();
        p.bias = packed.bias.data();
        p.relu = step.relu;
        p.fast = fast_ && p.in.channels >= kFastChannels;
        convolve(p);
        return 0;
      }
      case Op::relu: {
        const Tensor in = tensor(step.in);
        const Tensor out = tensor(step.out);
        each_rows(in.height, row_elements(in), [&](int y0, int y1) { kernels_.relu(in, out, y0, y1); });
        return 0;
      }
      case Op::pool: {
        const Tensor in = tensor(step.in);
        const Tensor out = tensor(step.out);
        each_rows(out.height, 2 * row_elements(in),
                  [&](int y0, int y1) { kernels_.pool(static_cast<int>(plan_.pooling), in, out, y0, y1); });
        return 0;
      }
      case Op::gram:
        gram(step);
        return 0;
      case Op::style_loss:
        return style_loss(step);
      case Op::style_back:
        style_back(step);
        return 0;
      case Op::content_loss:
        return content_loss(step);
      case Op::conv_back: {
        Product p;
        p.in = tensor(step.in);
        p.out = tensor(step.out);
        p.weights = network_->packed(step.convolution).backward.data();
        p.mask = origin(step.mask);
        p.accumulate = step.accumulate;
        p.fast = fast_;
        p.tile = winograd_tile(kernels_, true, fast_, shape_of(p.out));
        if (step.convolution == 0) {
          first_back(p);
        } else {
          convolve(p);
        }
        return 0;
      }
      case Op::relu_back: {
        const Tensor in = tensor(step.in);
        const Tensor out = tensor(step.out);
        each_rows(in.height, row_elements(in), [&](int y0, int y1) {
          kernels_.relu_back(in, origin(step.other), out, origin(step.mask), step.accumulate, y0, y1);
        });
        return 0;
      }
      case Op::pool_back: {
        const Tensor gradient = tensor(step.in);
        const Tensor in = tensor(step.other);
        const Tensor out = tensor(step.out);
        each_rows(gradient.height, 2 * row_elements(in), [&](int y0, int y1) {
          kernels_.pool_back(static_cast<int>(plan_.pooling), gradient, in, out, origin(step.mask),
                             step.accumulate, y0, y1);
        });
        return 0;
      }
      case Op::input_back:
        input_back(step);
        return 0;
      case Op::tv: {
        const Shape& shape = buffer(step.in).shape;
        const size_t row = static_cast<size_t>(shape.width) * 3;
        const float weight = static_cast<float>(step.weight);
        return step.weight * sum_rows(shape.height, row, [&](int y0, int y1) {
                 return kernels_.tv(floats(step.in), shape.width, shape.height, floats(step.out), weight, y0,
                                    y1);
               });
      }
    }
    return 0;
  }

  static size_t row_elements(const Tensor& t) { return static_cast<size_t>(t.row()); }

  void product(const Product& p) const {
    const size_t blocks = blocks_of(p.out.channels, kernels_.block);
    const size_t row_bytes = static_cast<size_t>(p.in.row()) * sizeof(float);
    const size_t height = static_cast<size_t>(p.out.height);
    const int rows =
        static_cast<int>(std::max<size_t>(1, std::min(kTaskBytes / row_bytes, height * blocks / kTasks)));
    const size_t chunks = static_cast<size_t>((p.out.height + rows - 1) / rows);
    const size_t weight_bytes = blocks * static_cast<size_t>(kernels_.block) * static_cast<size_t>(p.taps) *
                                static_cast<size_t>(p.in.channels) * sizeof(float);
    // Neighbouring tasks share what is larger: a block of weights, or the rows of the input.
    const bool keep_weights = weight_bytes > kTaskBytes;
    each(chunks * blocks, [&](size_t task) {
      const size_t chunk = keep_weights ? task % chunks : task / blocks;
      const size_t block = keep_weights ? task / chunks : task % blocks;
      const int y0 = static_cast<int>(chunk) * rows;
      kernels_.product(p, static_cast<int>(block), y0, std::min(p.out.height, y0 + rows));
    });
  }

  void convolve(const Product& p) const {
    if (by_winograd(shape_of(p.in), shape_of(p.out))) {
      winograd(p);
    } else {
      product(p);
    }
  }

  static Shape shape_of(const Tensor& t) { return {t.channels, t.height, t.width}; }

  void winograd(const Product& p) const {
    const int blocks = static_cast<int>(blocks_of(p.out.channels, kernels_.block));
    const WinogradCut cut(kernels_, p.tile, shape_of(p.in), shape_of(p.out), threads_);
    const auto part = [](int n, int parts, int i) {
      return static_cast<int>(static_cast<int64_t>(n) * i / parts);
    };
    each_with_scratch(cut.runs * cut.groups, [&](int task, float* scratch) {
      const int run = task / cut.groups;
      const int group = task % cut.groups;
      kernels_.winograd(p, part(cut.tiles, cut.runs, run), part(cut.tiles, cut.runs, run + 1),
                        part(blocks, cut.groups, group), part(blocks, cut.groups, group + 1), scratch);
    });
  }

  void first_back(const Product& p) const {
    const size_t row_bytes = static_cast<size_t>(p.in.row()) * sizeof(float);
    const int rows = static_cast<int>(std::max<size_t>(8, kTaskBytes / row_bytes));
    each_with_scratch((p.out.height + rows - 1) / rows, [&](int task, float* scratch) {
      kernels_.first_back(p, task * rows, std::min(p.out.height, (task + 1) * rows), scratch);
    });
    if (network_->architecture().preprocessing.padding == Padding::replicate) fold_border(p);
  }

  // Replicate padding: what flows back to the border belongs to the nearest pixel. Only conv1_1 has it, and
  // only the picture's rim is concerned.
  void fold_border(const Product& p) const {
    const size_t block = static_cast<size_t>(kernels_.block);
    const size_t inputs = static_cast<size_t>(p.in.channels);
    const int height = p.out.height;
    const int width = p.out.width;
    const auto fold = [&](int y, int x) {
      float* to = p.out.pixel(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
      for (int tap = 0; tap < 9; ++tap) {
        const int gy = y + tap / 3 - 1;
        const int gx = x + tap % 3 - 1;
        if (gy < 0 || gy >= height || gx < 0 || gx >= width) continue;
        const float* gradient = p.in.pixel(gy, gx);
        for (size_t k = 0; k < 3; ++k) {
          const size_t column = static_cast<size_t>(tap) * 3 + k;
          const float* weights = p.weights + column / block * inputs * block + column % block;
          for (size_t c = 0; c < inputs; ++c) to[k] += gradient[c] * weights[c * block];
        }
      }
    };
    for (int x = -1; x <= width; ++x) {
      fold(-1, x);
      fold(height, x);
    }
    for (int y = 0; y < height; ++y) {
      fold(y, -1);
      fold(y, width);
    }
  }

  Channels channels() const { return channels_of(network_->architecture().preprocessing); }

  void input(const Step& step) {
    const Tensor out = tensor(step.out);
    const Channels c = channels();
    const bool replicate = network_->architecture().preprocessing.padding == Padding::replicate;
    each_rows(out.height, row_elements(out), [&](int y0, int y1) {
      kernels_.input(floats(step.in), out, c.order, c.scale, c.shift, replicate, y0, y1);
    });
  }

  void input_back(const Step& step) {
    const Tensor gradient = tensor(step.in);
    const Channels c = channels();
    each_rows(gradient.height, row_elements(gradient), [&](int y0, int y1) {
      kernels_.input_back(gradient, floats(step.out), c.order, c.scale, y0, y1);
    });
  }

  void gram(const Step& step) {
    const Tensor features = tensor(step.in);
    const Shape& shape = buffer(step.in).shape;
    const size_t c = static_cast<size_t>(shape.channels);
    const size_t splits = static_cast<size_t>(gram_splits(shape));
    const size_t blocks = blocks_of(shape.channels, kernels_.block);
    double* sums = reinterpret_cast<double*>(arena_.at(buffer(step.scratch).offset));
    struct Part {
      size_t block;
      size_t i0;
      size_t i1;
    };
    std::vector<Part> parts;  // of the upper triangle
    const auto end_of = [&](size_t block) {
      return std::min(c, (block + 1) * static_cast<size_t>(kernels_.block));
    };
    for (size_t block = 0; block < blocks; ++block) {
      const size_t end = end_of(block);
      const size_t count = (end + kGramRows - 1) / kGramRows;
      for (size_t i = 0; i < count; ++i) parts.push_back({block, end * i / count, end * (i + 1) / count});
    }
    each(splits * parts.size(), [&](size_t task) {
      const size_t split = task % splits;
      const Part& part = parts[task / splits];
      const size_t rows = static_cast<size_t>(shape.height);
      const size_t c0 = part.block * static_cast<size_t>(kernels_.block);
      double* mine = sums + split * c * c;
      for (size_t i = part.i0; i < part.i1; ++i) {
        std::fill(mine + i * c + c0, mine + i * c + end_of(part.block), 0.0);
      }
      kernels_.gram(features, static_cast<int>(part.block), static_cast<int>(part.i0),
                    static_cast<int>(part.i1), static_cast<int>(split * rows / splits),
                    static_cast<int>((split + 1) * rows / splits), mine);
    });
    float* out = floats(step.out);
    const double scale = 1 / static_cast<double>(shape.elements());
    each(blocks, [&](size_t block) {
      const size_t i1 = std::min(c, (block + 1) * static_cast<size_t>(kernels_.block));
      for (size_t i = block * static_cast<size_t>(kernels_.block); i < i1; ++i) {
        for (size_t j = 0; j < c; ++j) {
          const size_t at = i <= j ? i * c + j : j * c + i;
          double total = 0;
          for (size_t split = 0; split < splits; ++split) total += sums[split * c * c + at];
          out[i * c + j] = static_cast<float>(total * scale);
        }
      }
    });
  }

  double style_loss(const Step& step) {
    const double c = buffer(step.in).shape.channels;
    const size_t n = static_cast<size_t>(c) * static_cast<size_t>(c);
    const float scale =
        static_cast<float>(4 * step.weight / (c * c * c * static_cast<double>(step.positions)));
    return step.weight / (c * c) * reduce(n, [&](size_t begin, size_t count) {
             return kernels_.difference(floats(step.in) + begin, floats(step.other) + begin,
                                        floats(step.out) + begin, scale, count);
           });
  }

  void style_back(const Step& step) {
    Product p;
    p.in = tensor(step.in);
    p.out = tensor(step.out);
    p.mask = origin(step.mask);
    p.accumulate = step.accumulate;
    p.taps = 1;
    const float* matrix = floats(step.other);
    float* packed = floats(step.scratch);
    p.weights = packed;
    const size_t c = static_cast<size_t>(p.in.channels);
    const size_t width = static_cast<size_t>(kernels_.block);
    each(blocks_of(p.in.channels, kernels_.block), [&](size_t block) {
      const size_t used = std::min(width, c - block * width);
      for (size_t i = 0; i < c; ++i) {
        float* to = packed + (block * c + i) * width;
        std::copy_n(matrix + i * c + block * width, used, to);
        std::fill(to + used, to + width, 0.0f);
      }
    });
    product(p);
  }

  double content_loss(const Step& step) {
    const Tensor in = tensor(step.in);
    const Tensor out = tensor(step.out);
    const double n = static_cast<double>(buffer(step.in).shape.elements());
    const float scale = static_cast<float>(2 * step.weight / n);
    return step.weight / n * sum_rows(in.height, row_elements(in), [&](int y0, int y1) {
             return kernels_.content(in, origin(step.other), out, origin(step.mask), step.accumulate, scale,
                                     y0, y1);
           });
  }

  const Kernels& kernels_;
  bool fast_;
  std::shared_ptr<const CpuNetwork> network_;
  Plan plan_;
  int threads_;
  Arena arena_;
  size_t scratch_bytes_;  // of one thread
  Arena scratch_;
};

}  // namespace

size_t CpuBackend::tensor_bytes(const Shape& shape) const {
  return (static_cast<size_t>(shape.height) + 2) * (static_cast<size_t>(shape.width) + 2) *
         static_cast<size_t>(shape.channels) * sizeof(float);
}

size_t CpuBackend::matrix_scratch_bytes(const Shape& features) const {
  const size_t c = static_cast<size_t>(features.channels);
  const size_t sums = static_cast<size_t>(gram_splits(features)) * c * c * sizeof(double);
  const size_t packed =
      blocks_of(features.channels, kernels_.block) * static_cast<size_t>(kernels_.block) * c;
  return std::max(sums, packed * sizeof(float));
}

size_t CpuBackend::program_bytes(const Plan& plan, int threads) const {
  return plan.bytes + static_cast<size_t>(threads) * scratch_bytes(kernels_, fast_, plan, threads);
}

size_t CpuBackend::network_bytes(const Architecture& architecture) const {
  return CpuNetwork::bytes(architecture, kernels_.block);
}

std::shared_ptr<const Network> CpuBackend::load(const Architecture& architecture,
                                                const std::vector<ConvolutionWeights>& weights) const {
  validate(architecture, weights);
  return std::make_shared<CpuNetwork>(architecture, weights, kernels_.block);
}

std::unique_ptr<Program> CpuBackend::compile(std::shared_ptr<const Network> network, Plan plan,
                                             int threads) const {
  const auto mine = std::static_pointer_cast<const CpuNetwork>(network);
  return std::make_unique<CpuProgram>(kernels_, fast_, mine, std::move(plan), threads);
}

std::vector<float> CpuBackend::resample(const float* from, int width, int height, int channels, int to_width,
                                        int to_height, float low, float high, int threads) const {
  return cpu::resample(from, width, height, channels, to_width, to_height, low, high, threads);
}

}  // namespace scumble::cpu

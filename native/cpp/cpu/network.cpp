#include "network.h"

#include <algorithm>
#include <new>
#include <tuple>

#include "kernels/product.h"
#include "thread_pool.h"

namespace scumble::cpu {
namespace {

constexpr size_t kTaps = 9;
// What a network's transformed kernels may take. VGG-19's are 207 MB forward and 367 MB backward; those up to
// conv3_4, which have most tiles to serve, 102 MB.
constexpr size_t kKeptBytes = size_t{128} << 20;

size_t packed_floats(int outputs, int inputs, int block) {
  return blocks_of(outputs, block) * static_cast<size_t>(block) * kTaps * static_cast<size_t>(inputs);
}

// The first layer's kernels lie as one product with an output per tap and channel: see first_back() in
// kernels/product.h.
size_t backward_floats(const Convolution& conv, int block) {
  if (!conv.first()) return packed_floats(conv.inputs, conv.outputs, block);
  return blocks_of(static_cast<int>(kTaps) * 3, block) * static_cast<size_t>(block) *
         static_cast<size_t>(conv.outputs);
}

size_t transformed_bytes(const Convolution& conv, const Isa& isa, bool back, int tile, bool fast) {
  const int inputs = back ? conv.outputs : conv.inputs;
  const int outputs = back ? conv.inputs : conv.outputs;
  return blocks_of(outputs, isa.block) * kernels::winograd_kernels_size(isa)(inputs, tile, fast) *
         sizeof(float);
}

// Kernels are kept for one size of tiles, lest small pictures take the room of large ones.
int kept_tile(const Isa& isa, bool back, bool fast) {
  return back && !fast && isa.large_tiles ? kLargeTile : kSmallTile;
}

struct Keeping {
  int convolution;
  bool back;
  size_t bytes;  // exact; bf16 takes less
};

// Whose transformed kernels are kept: the smallest first, as they serve the largest pictures.
std::vector<Keeping> keepings(const Architecture& architecture, const Isa& isa) {
  std::vector<Keeping> all;
  for (size_t i = 0; i < architecture.convolutions.size(); ++i) {
    const Convolution& conv = architecture.convolutions[i];
    if (conv.first()) continue;
    for (const bool back : {false, true}) {
      const int tile = kept_tile(isa, back, false);
      all.push_back({static_cast<int>(i), back, transformed_bytes(conv, isa, back, tile, false)});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Keeping& a, const Keeping& b) { return a.bytes < b.bytes; });
  size_t total = 0;
  const auto first_left_out = std::find_if(all.begin(), all.end(), [&](const Keeping& keeping) {
    total += keeping.bytes;
    return total > kKeptBytes;
  });
  all.erase(first_left_out, all.end());
  return all;
}

}  // namespace

CpuNetwork::CpuNetwork(const Architecture& architecture, const std::vector<ConvolutionWeights>& weights,
                       const Isa& isa)
    : Network(architecture), isa_(isa), packed_(weights.size()) {
  for (std::vector<bool>& kept : kept_) kept.resize(weights.size());
  for (const Keeping& keeping : keepings(architecture, isa)) {
    kept_[keeping.back][static_cast<size_t>(keeping.convolution)] = true;
    room_ += keeping.bytes;
  }
  const int block = isa.block;
  const size_t b = static_cast<size_t>(block);
  for (size_t i = 0; i < weights.size(); ++i) {
    const Convolution& conv = architecture.convolutions[i];
    const size_t inputs = static_cast<size_t>(conv.inputs);
    const size_t outputs = static_cast<size_t>(conv.outputs);
    Packed& packed = packed_[i];
    packed.forward.resize(packed_floats(conv.outputs, conv.inputs, block));
    packed.backward.resize(backward_floats(conv, block));
    packed.bias = weights[i].bias;
    packed.bias.resize(blocks_of(conv.outputs, block) * b);
    const float* from = weights[i].weight.data();
    for (size_t o = 0; o < outputs; ++o) {
      for (size_t c = 0; c < inputs; ++c) {
        for (size_t tap = 0; tap < kTaps; ++tap, ++from) {
          packed.forward[((o / b * kTaps + tap) * inputs + c) * b + o % b] = *from;
          if (conv.first()) {
            const size_t column = (kTaps - 1 - tap) * 3 + c;
            packed.backward[(column / b * outputs + o) * b + column % b] = *from;
          } else {
            packed.backward[((c / b * kTaps + (kTaps - 1 - tap)) * outputs + o) * b + c % b] = *from;
          }
        }
      }
    }
  }
}

bool CpuNetwork::Transform::operator<(const Transform& other) const {
  return std::tie(convolution, back, tile, fast) <
         std::tie(other.convolution, other.back, other.tile, other.fast);
}

const float* CpuNetwork::transformed(const Transform& transform, int threads) const {
  const size_t index = static_cast<size_t>(transform.convolution);
  if (!kept_[transform.back][index] || transform.tile != kept_tile(isa_, transform.back, transform.fast)) {
    return nullptr;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = transformed_.find(transform);
  if (found != transformed_.end()) return reinterpret_cast<const float*>(found->second.at(0));
  const Convolution& conv = architecture().convolutions[index];
  const int inputs = transform.back ? conv.outputs : conv.inputs;
  const float* from = (transform.back ? packed_[index].backward : packed_[index].forward).data();
  const size_t size = kernels::winograd_kernels_size(isa_)(inputs, transform.tile, transform.fast);
  const size_t bytes = transformed_bytes(conv, isa_, transform.back, transform.tile, transform.fast);
  if (bytes > room_) return nullptr;
  try {
    const Arena& arena = transformed_.try_emplace(transform, bytes).first->second;
    float* to = reinterpret_cast<float*>(arena.at(0));
    const int blocks = static_cast<int>(bytes / sizeof(float) / size);
    ThreadPool::shared().run(blocks, threads, [&](int block) {
      const size_t b = static_cast<size_t>(block);
      const size_t packed = static_cast<size_t>(isa_.block) * kTaps * static_cast<size_t>(inputs);
      kernels::winograd_kernels(isa_)(from + b * packed, inputs, transform.tile, transform.fast,
                                      to + b * size);
    });
    room_ -= bytes;
    return to;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

size_t CpuNetwork::bytes(const Architecture& architecture, const Isa& isa) {
  size_t floats = 0;
  for (const Convolution& conv : architecture.convolutions) {
    floats += packed_floats(conv.outputs, conv.inputs, isa.block) + backward_floats(conv, isa.block) +
              blocks_of(conv.outputs, isa.block) * static_cast<size_t>(isa.block);
  }
  size_t bytes = floats * sizeof(float);
  for (const Keeping& keeping : keepings(architecture, isa)) bytes += keeping.bytes;
  return bytes;
}

}  // namespace scumble::cpu

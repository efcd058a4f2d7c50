#include "arena.h"

#include <algorithm>
#include <numeric>

namespace scumble {
namespace {

constexpr size_t kAlignment = 64;
constexpr int kUnused = -1;

// The first and last group that touch each buffer.
void find_lives(Plan& plan) {
  for (Buffer& buffer : plan.buffers) buffer.first = buffer.last = buffer.given ? 0 : kUnused;
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const Group& group = plan.groups[g];
    for (size_t s = group.first; s < group.first + group.count; ++s) {
      for (const BufferId id : plan.steps[s].buffers()) {
        if (id == kNoBuffer) continue;
        Buffer& touched = plan.buffers[static_cast<size_t>(id)];
        if (touched.first == kUnused) touched.first = static_cast<int>(g);
        touched.last = static_cast<int>(g);
      }
    }
  }
}

}  // namespace

void place(Plan& plan, const std::vector<BufferId>& persistent) {
  find_lives(plan);
  for (const BufferId id : persistent) {
    plan.buffers[static_cast<size_t>(id)].first = 0;
    plan.buffers[static_cast<size_t>(id)].last = static_cast<int>(plan.groups.size());
  }
  std::vector<Buffer>& buffers = plan.buffers;
  for (Buffer& buffer : buffers) buffer.bytes = (buffer.bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  plan.bytes = 0;
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
    plan.bytes = std::max(plan.bytes, offset + buffer.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), id,
                                   [&](size_t a, size_t b) { return buffers[a].offset < buffers[b].offset; }),
                  id);
  }
}

}  // namespace scumble

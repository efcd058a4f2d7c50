#include "block.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <numeric>
#include <vector>

#include "async.h"
#include "fibre.h"
#include "ptx_stand_in.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace stand_in {
namespace {

constexpr int kWarp = 32;
constexpr int kNamedBarriers = 16;

// Copies that a thread has queued and that land when it waits.
constexpr uint32_t kCopyBytes = 16;
struct Copy {
  uint32_t to;
  const char* from;
  int filled;  // from here on zeros
};

struct Thread {
  uint3 index{};
  int rank = 0;            // of its block in the cluster
  Fibre* fibre = nullptr;  // null until it has begun, and again once it has left the kernel
  bool left = false;
  std::vector<std::vector<Copy>> groups;  // committed, oldest first
  std::vector<Copy> copies;               // not yet committed
};

struct Warp {
  Lane lanes[kWarp];
  unsigned waiting = 0;
};

// A place where a number of threads meet.
struct Meeting {
  int arrived = 0;
  std::vector<int> threads;
};

struct Block {
  uint3 index{};
  int arrived = 0;  // at the barrier
  Vote vote = Vote::none;
  int votes = 0;
  int result = 0;
  Meeting named[kNamedBarriers];
  Shared memory{};
};

// The blocks that run together: one, or as many as a cluster has. Threads are numbered block by block.
struct Cluster {
  const std::function<void()>* body = nullptr;
  std::vector<Block> blocks;
  int threads_of_block = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::deque<int> ready;  // threads that can run, the next first
  std::deque<int> late;   // those that run when no other can
  int current = -1;
  int running = 0;  // have not left the kernel
  Meeting meeting;  // of all threads of the cluster
  uint64_t random = 0;
};

Cluster now;
uint64_t order = 0;
Fibre* host = nullptr;
std::vector<std::unique_ptr<Fibre>> fibres;
std::vector<Fibre*> idle;

uint64_t next_random() {
  now.random += 0x9e3779b97f4a7c15u;
  uint64_t z = now.random;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <typename Values>
void shuffle_all(Values& values) {
  if (order == 0) return;
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[next_random() % i]);
}

// Seed 0 keeps every order; the others shuffle warps and the lanes within, every third all threads alike.
std::vector<int> thread_order(int threads) {
  std::vector<int> all;
  all.reserve(static_cast<size_t>(threads));
  if (order % 3 == 2) {
    all.resize(static_cast<size_t>(threads));
    std::iota(all.begin(), all.end(), 0);
    shuffle_all(all);
    return all;
  }
  std::vector<int> warps(static_cast<size_t>((threads + kWarp - 1) / kWarp));
  std::iota(warps.begin(), warps.end(), 0);
  shuffle_all(warps);
  for (const int warp : warps) {
    const int first = warp * kWarp;
    std::vector<int> lanes(static_cast<size_t>(std::min(kWarp, threads - first)));
    std::iota(lanes.begin(), lanes.end(), first);
    shuffle_all(lanes);
    all.insert(all.end(), lanes.begin(), lanes.end());
  }
  return all;
}

void begin(int thread) {
  now.current = thread;
  const Thread& next = now.threads[static_cast<size_t>(thread)];
  threadIdx = next.index;
  blockIdx = now.blocks[static_cast<size_t>(next.rank)].index;
}

Block& current_block() {
  return now.blocks[static_cast<size_t>(now.threads[static_cast<size_t>(now.current)].rank)];
}

[[noreturn]] void stuck() {
  int at_warp = 0;
  const char* name = "";
  for (const Warp& warp : now.warps) {
    at_warp += __builtin_popcount(warp.waiting);
    for (int lane = 0; lane < kWarp; ++lane) {
      if (warp.waiting >> lane & 1) name = warp.lanes[lane].operation->name;
    }
  }
  const int left = static_cast<int>(now.threads.size()) - now.running;
  int at_barrier = 0;
  int at_named = 0;
  for (const Block& block : now.blocks) {
    at_barrier += block.arrived;
    for (const Meeting& meeting : block.named) at_named += meeting.arrived;
  }
  fault(
      "deadlock: %d threads wait at __syncthreads, %d in their warp%s%s, %d have left the kernel, %d wait at "
      "named barriers, %d for their cluster, %d at mbarriers",
      at_barrier, at_warp, at_warp > 0 ? " at " : "", name, left, at_named, now.meeting.arrived,
      waiting_at_mbarriers());
}

// Where a fibre begins: runs threads that have not begun, one after the other, as long as they are next in
// turn.
void fibre_main();

Fibre* take_fibre() {
  if (idle.empty()) {
    fibres.push_back(std::make_unique<Fibre>(fibre_main));
    idle.push_back(fibres.back().get());
  }
  Fibre* fibre = idle.back();
  idle.pop_back();
  fibre->restart();
  return fibre;
}

// With every fourth seed one warpgroup of each block is late, the last with the first of these seeds: what
// does not wait for it comes too early.
bool is_late(int thread) {
  const uint64_t warpgroups = static_cast<uint64_t>((now.threads_of_block + kWarpgroup - 1) / kWarpgroup);
  if (order % 4 != 3 || warpgroups == 1) return false;
  const uint64_t late = warpgroups - 1 - order / 4 % warpgroups;
  return static_cast<uint64_t>(thread % now.threads_of_block / kWarpgroup) == late;
}

// The fibre of the next thread in turn; the host's if all have left.
Fibre* next_fibre() {
  while (now.ready.empty()) {
    if (!now.late.empty()) {
      now.ready.push_back(now.late.front());
      now.late.pop_front();
      break;
    }
    if (now.running == 0) return host;
    if (!land_something()) stuck();
  }
  const int next = now.ready.front();
  now.ready.pop_front();
  begin(next);
  Thread& thread = now.threads[static_cast<size_t>(next)];
  if (thread.fibre == nullptr) thread.fibre = take_fibre();
  return thread.fibre;
}

void fibre_main() {
  Fibre::entered();
  Fibre* const mine = now.threads[static_cast<size_t>(now.current)].fibre;
  for (;;) {
    (*now.body)();
    Thread& thread = now.threads[static_cast<size_t>(now.current)];
    thread.fibre = nullptr;
    thread.left = true;
    --now.running;
    leave_kernel();
    if (now.ready.empty()) break;
    const int next = now.ready.front();
    Thread& other = now.threads[static_cast<size_t>(next)];
    if (other.fibre != nullptr) break;
    now.ready.pop_front();
    begin(next);
    other.fibre = mine;
  }
  Fibre* const next = next_fibre();
  idle.push_back(mine);
  Fibre::change(*mine, *next, true);
}

// Lets others run until something makes this thread ready.
void block() {
  const int thread = now.current;
  Fibre& mine = *now.threads[static_cast<size_t>(thread)].fibre;
  Fibre* const next = next_fibre();
  if (next != &mine) Fibre::change(mine, *next);
}

void land(const std::vector<Copy>& copies) {
  for (const Copy& copy : copies) {
    char* const to = shared().at + copy.to;
    std::memcpy(to, copy.from, static_cast<size_t>(copy.filled));
    std::memset(to + copy.filled, 0, kCopyBytes - static_cast<size_t>(copy.filled));
  }
}

Thread& current() {
  return now.threads[static_cast<size_t>(now.current)];
}

}  // namespace

void fault(const char* format, ...) {
  std::fprintf(stderr, "stand-in: block (%u, %u, %u), thread (%u, %u, %u): ", blockIdx.x, blockIdx.y,
               blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "\n");
  std::abort();
}

Shared shared() {
  return current_block().memory;
}

int thread_number() {
  return now.current;
}
int threads_of_block() {
  return now.threads_of_block;
}
int rank_of_block() {
  return now.threads[static_cast<size_t>(now.current)].rank;
}
int blocks_of_cluster() {
  return static_cast<int>(now.blocks.size());
}
bool block_has_left(int rank) {
  for (int i = 0; i < now.threads_of_block; ++i) {
    if (!now.threads[static_cast<size_t>(rank * now.threads_of_block + i)].left) return false;
  }
  return true;
}
Shared shared_of(int rank) {
  return now.blocks[static_cast<size_t>(rank)].memory;
}
void sleep() {
  block();
}
void wake(int thread) {
  (is_late(thread) ? now.late : now.ready).push_back(thread);
}
bool lazy() {
  return order % 2 == 0;
}
size_t random_below(size_t n) {
  return order == 0 ? 0 : next_random() % n;
}

namespace {

// Returns when as many as `threads` have come.
void meet(Meeting& meeting, int threads) {
  meeting.threads.push_back(now.current);
  if (++meeting.arrived == threads) {
    shuffle_all(meeting.threads);
    for (const int thread : meeting.threads) wake(thread);
    meeting = {};
  }
  block();
}

}  // namespace

void named_barrier(int number, int threads) {
  if (number < 1 || number >= kNamedBarriers)
    fault("bar.sync %d: 0 is __syncthreads', and there are 16", number);
  if (threads < kWarp || threads % kWarp != 0 || threads > now.threads_of_block) {
    fault("bar.sync of %d threads in a block of %d", threads, now.threads_of_block);
  }
  meet(current_block().named[number], threads);
}

void cluster_barrier() {
  meet(now.meeting, static_cast<int>(now.threads.size()));
}

int barrier(Vote vote, int value) {
  Block& mine = current_block();
  if (mine.arrived == 0) {
    mine.vote = vote;
    mine.votes = 0;
  }
  if (mine.vote != vote) fault("threads meet at barriers of different kinds");
  mine.votes += value != 0;
  if (++mine.arrived < now.threads_of_block) {
    block();
    return mine.result;
  }
  const int threads = mine.arrived;
  mine.arrived = 0;
  mine.result = vote == Vote::all ? mine.votes == threads : vote == Vote::any ? mine.votes > 0 : mine.votes;
  const int first = rank_of_block() * now.threads_of_block;
  for (const int thread : thread_order(threads)) wake(first + thread);
  block();  // in its turn
  return mine.result;
}

void collective(const Lane& mine) {
  const int lane = now.current % now.threads_of_block % kWarp;
  const int warps_of_block = (now.threads_of_block + kWarp - 1) / kWarp;
  Warp& warp = now.warps[static_cast<size_t>(rank_of_block() * warps_of_block +
                                             now.current % now.threads_of_block / kWarp)];
  if (!(mine.mask >> lane & 1))
    fault("%s with a mask (%08x) that leaves out its own lane", mine.operation->name, mine.mask);
  warp.lanes[lane] = mine;
  warp.waiting |= 1u << lane;
  if ((warp.waiting & mine.mask) != mine.mask) {
    block();
    return;
  }
  for (int i = 0; i < kWarp; ++i) {
    if (!(mine.mask >> i & 1)) continue;
    if (warp.lanes[i].operation != mine.operation || warp.lanes[i].mask != mine.mask) {
      fault("lane %d is at %s (%08x), lane %d at %s (%08x)", lane, mine.operation->name, mine.mask, i,
            warp.lanes[i].operation->name, warp.lanes[i].mask);
    }
  }
  mine.operation->run(warp.lanes, mine.mask);
  warp.waiting &= ~mine.mask;
  // With every other seed the warp runs ahead of the others, as far as it can.
  const int first = now.current - lane;
  const bool ahead = order % 2 == 1;
  for (int i = 0; i < kWarp; ++i) {
    const int other = order == 0 ? i : static_cast<int>((static_cast<unsigned>(i) * 13 + order) % kWarp);
    if (other == lane || !(mine.mask >> other & 1)) continue;
    if (ahead && !is_late(first + other)) {
      now.ready.push_front(first + other);
    } else {
      wake(first + other);
    }
  }
}

namespace {

template <typename Source>
void exchange(Lane* lanes, unsigned mask, const Source& source) {
  for (int i = 0; i < kWarp; ++i) {
    if (!(mask >> i & 1)) continue;
    const int from = source(i, lanes[i].argument, lanes[i].width);
    if (mask >> from & 1) {
      std::memcpy(lanes[i].out, lanes[from].in, lanes[i].bytes);
    } else {  // undefined by the manual
      std::memset(lanes[i].out, poison(), lanes[i].bytes);
    }
  }
}

}  // namespace

const Collective kSyncWarp = {"__syncwarp", [](Lane*, unsigned) {}};
const Collective kShuffle = {"__shfl_sync", [](Lane* lanes, unsigned mask) {
                               exchange(lanes, mask, [](int lane, int source, int width) {
                                 return (lane & -width) + (source & (width - 1));
                               });
                             }};
const Collective kShuffleUp = {"__shfl_up_sync", [](Lane* lanes, unsigned mask) {
                                 exchange(lanes, mask, [](int lane, int delta, int width) {
                                   return lane % width >= delta ? lane - delta : lane;
                                 });
                               }};
const Collective kShuffleDown = {"__shfl_down_sync", [](Lane* lanes, unsigned mask) {
                                   exchange(lanes, mask, [](int lane, int delta, int width) {
                                     return lane % width + delta < width ? lane + delta : lane;
                                   });
                                 }};
const Collective kShuffleXor = {"__shfl_xor_sync", [](Lane* lanes, unsigned mask) {
                                  exchange(lanes, mask, [](int lane, int with, int width) {
                                    const int from = lane ^ with;
                                    return from / width <= lane / width ? from : lane;
                                  });
                                }};
const Collective kBallot = {"__ballot_sync", [](Lane* lanes, unsigned mask) {
                              unsigned votes = 0;
                              for (int i = 0; i < kWarp; ++i) {
                                if ((mask >> i & 1) && lanes[i].argument) votes |= 1u << i;
                              }
                              for (int i = 0; i < kWarp; ++i) {
                                if (mask >> i & 1) std::memcpy(lanes[i].out, &votes, sizeof votes);
                              }
                            }};

// --- asynchronous copies ---

void copy_async(uint32_t to, const void* from, int filled) {
  if (filled < 0 || filled > static_cast<int>(kCopyBytes)) fault("cp.async of %d bytes", filled);
  if (to % kCopyBytes != 0) fault("cp.async to a misaligned address in shared memory, %u", to);
  if (reinterpret_cast<uintptr_t>(from) % kCopyBytes != 0) fault("cp.async from a misaligned address");
  const Shared memory = shared();
  if (size_t{to} + kCopyBytes > memory.bytes) {
    fault("cp.async to %u ... %zu of %zu bytes of shared memory", to, size_t{to} + kCopyBytes, memory.bytes);
  }
  const char* source = static_cast<const char*>(from);
  // Reads here, too, so that AddressSanitizer names the line that is to blame.
  for (int i = 0; i < filled; i += 4) static_cast<void>(*reinterpret_cast<const volatile char*>(source + i));
  // From now to the wait anything may be there.
  std::memset(memory.at + to, poison(), kCopyBytes);
  current().copies.push_back({to, source, filled});
}

void commit_copies() {
  current().groups.push_back(std::move(current().copies));
  current().copies.clear();
}

void wait_copies(int groups_left) {
  Thread& thread = current();
  const size_t left = static_cast<size_t>(groups_left);
  if (thread.groups.size() <= left) return;
  const size_t landing = thread.groups.size() - left;
  for (size_t i = 0; i < landing; ++i) land(thread.groups[i]);
  thread.groups.erase(thread.groups.begin(), thread.groups.begin() + static_cast<ptrdiff_t>(landing));
}

// --- grids ---

void set_order(uint64_t seed) {
  order = seed;
}

unsigned char poison() {
  return order % 2 == 0 ? 0xff : 0x7f;
}

void run_grid(dim3 grid, dim3 block, int cluster, size_t shared_bytes, const std::function<void()>& thread) {
  Fibre here;
  host = &here;
  gridDim = grid;
  blockDim = block;
  now.body = &thread;
  now.random = order;
  const int threads = static_cast<int>(block.x * block.y * block.z);
  const int all = threads * cluster;
  std::vector<uint64_t> clusters(static_cast<size_t>(grid.x) * grid.y * grid.z /
                                 static_cast<size_t>(cluster));
  std::iota(clusters.begin(), clusters.end(), uint64_t{0});
  shuffle_all(clusters);
  now.threads_of_block = threads;
  now.threads.resize(static_cast<size_t>(all));
  now.warps.resize(static_cast<size_t>((threads + kWarp - 1) / kWarp * cluster));
  now.blocks.resize(static_cast<size_t>(cluster));
  for (Block& one : now.blocks) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 1024, shared_bytes) != 0) throw std::bad_alloc();
    one.memory = {static_cast<char*>(memory), shared_bytes};
  }
  for (const uint64_t first : clusters) {
    for (int rank = 0; rank < cluster; ++rank) {
      Block& one = now.blocks[static_cast<size_t>(rank)];
      const uint64_t index = first * static_cast<uint64_t>(cluster) + static_cast<uint64_t>(rank);
      one.index = {static_cast<unsigned>(index % grid.x), static_cast<unsigned>(index / grid.x % grid.y),
                   static_cast<unsigned>(index / grid.x / grid.y)};
      one.arrived = 0;
      for (Meeting& meeting : one.named) meeting = {};
      std::memset(one.memory.at, poison(), shared_bytes);
    }
    for (int i = 0; i < all; ++i) {
      const unsigned n = static_cast<unsigned>(i % threads);
      Thread& t = now.threads[static_cast<size_t>(i)];
      t.index = {n % block.x, n / block.x % block.y, n / block.x / block.y};
      t.rank = i / threads;
      t.fibre = nullptr;
      t.left = false;
      t.groups.clear();
      t.copies.clear();
    }
    now.meeting = {};
    now.running = all;
    begin_async();
    for (const int i : thread_order(all)) wake(i);
    Fibre::change(here, *next_fibre());
    end_async();
  }
  for (Block& one : now.blocks) {
    std::free(one.memory.at);
    one.memory = {};
  }
}

}  // namespace stand_in

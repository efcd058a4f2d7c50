#include "async.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "block.h"
#include "control.h"
#include "ptx_sm90_stand_in.h"

#if defined(__clang__)
#define SCUMBLE_UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#else
#define SCUMBLE_UNCHECKED __attribute__((no_sanitize_address, no_sanitize_undefined, optimize("O3")))
#endif

namespace stand_in {
namespace {

constexpr int kMostRank = 5;
constexpr uint64_t kMagic = 0x7363756d626c6521u;
constexpr int64_t kMostBytes = (1 << 20) - 1;  // that an mbarrier counts
constexpr int kRegisters = 65536;              // of a multiprocessor
constexpr uint32_t kAtom = 1024;               // what the 128-byte swizzle repeats after

// --- the manual's shared memory ---

struct Place {
  int rank;
  uint32_t offset;
  bool operator<(const Place& other) const {
    return std::pair(rank, offset) < std::pair(other.rank, other.offset);
  }
};

Place place_of(uint32_t address) {
  const int rank = static_cast<int>(address >> 24) - 1;
  return {rank < 0 ? rank_of_block() : rank, address & 0xffffffu};
}

// 16-byte places 0 ... 7 of a row of 128 bytes change with the row: the address's bits 4 ... 6 ^= bits 7
// ... 9.
uint32_t swizzled(uint32_t address) {
  return address ^ (address >> 3 & 0x70u);
}

// --- what is under way ---

struct Barrier {
  uint32_t count = 0;
  uint32_t pending = 0;
  int64_t bytes = 0;
  uint32_t phase = 0;
  bool fenced = false;  // other blocks and the copies may know of it
  int maker = 0;
  std::vector<int> waiting;
};

struct Map {
  uint64_t magic;
  const char* at;
  uint32_t rank;
  uint32_t swizzle;
  uint32_t sizes[kMostRank];
  uint32_t box[kMostRank];
  uint64_t strides[kMostRank];  // bytes; of the first dimension, an element
};

struct Box {
  Map map;
  int at[kMostRank];
  Place shared;
  uint32_t bytes;
};

struct Load {
  Box box;
  Place barrier;
};

// A product that its thread has issued.
struct Product {
  float* d;
  int columns;
  uint64_t a;
  uint64_t b;
  bool a_transposed;
  bool b_transposed;
  bool add;
  bool from_registers;  // a is
  uint32_t registers[4];
  bool operator==(const Product& other) const {
    return from_registers == other.from_registers && columns == other.columns && a == other.a &&
           b == other.b && a_transposed == other.a_transposed && b_transposed == other.b_transposed &&
           add == other.add;
  }
};

// Accumulators that the thread may not touch: poison lies in their place.
struct Flight {
  float* d;
  std::vector<float> values;
};

struct Thread {
  std::vector<std::pair<uint32_t, uint16_t>> written;  // address and value, not yet fenced
  std::vector<std::vector<Box>> stores;                // groups, the oldest first
  std::vector<Box> open_stores;
  bool fenced_products = false;
  std::vector<std::vector<Product>> products;  // groups, the oldest first, not yet made
  std::vector<Product> open_products;
  size_t committed = 0;  // groups of products since the beginning
  size_t made = 0;
  std::vector<Flight> flights;
  bool waits_for_products = false;
  int registers = 0;
};

struct Async {
  std::vector<Thread> threads;
  std::vector<std::vector<char>> seen;  // shared memory as asynchronous instructions see it, by rank
  std::map<Place, Barrier> barriers;
  std::vector<Load> loads;
  int asleep = 0;
};
Async now;
bool broken = false;  // the products of this card

Thread& mine() {
  return now.threads[static_cast<size_t>(thread_number())];
}

// --- mbarriers ---

Barrier& barrier_at(Place place, const char* what) {
  if (place.rank >= blocks_of_cluster()) fault("%s of block %d, which the cluster lacks", what, place.rank);
  if (block_has_left(place.rank)) fault("%s of block %d, which has left the kernel", what, place.rank);
  const auto found = now.barriers.find(place);
  if (found == now.barriers.end()) fault("%s at %u, which was not initialised", what, place.offset);
  return found->second;
}

void finish_phase(Barrier& barrier) {
  if (barrier.pending > 0 || barrier.bytes != 0) return;
  barrier.phase += 1;
  barrier.pending = barrier.count;
  now.asleep -= static_cast<int>(barrier.waiting.size());
  for (const int thread : barrier.waiting) wake(thread);
  barrier.waiting.clear();
}

void count_bytes(Barrier& barrier, int64_t bytes) {
  barrier.bytes += bytes;
  if (barrier.bytes > kMostBytes || barrier.bytes < -kMostBytes) {
    fault("an mbarrier that expects %lld bytes", static_cast<long long>(barrier.bytes));
  }
  finish_phase(barrier);
}

void arrive(Barrier& barrier) {
  if (barrier.pending == 0) fault("more arrivals at an mbarrier than the %u it counts", barrier.count);
  barrier.pending -= 1;
  finish_phase(barrier);
}

// --- tensors ---

// Calls row(bytes of the tensor or null where it lies outside, place in the box) for every row of the box.
template <typename Row>
void each_row(const Box& box, const Row& row) {
  const Map& map = box.map;
  uint32_t index[kMostRank] = {};
  const uint32_t row_bytes = map.box[0] * static_cast<uint32_t>(map.strides[0]);
  for (uint32_t to = 0; to < box.bytes; to += row_bytes) {
    const char* from = map.at;
    bool inside = true;
    for (uint32_t i = 1; i < map.rank; ++i) {
      const int64_t at = int64_t{box.at[i]} + index[i];
      inside = inside && at >= 0 && at < int64_t{map.sizes[i]};
      from += at * static_cast<int64_t>(map.strides[i]);
    }
    row(inside ? from : nullptr, to);
    for (uint32_t i = 1; i < map.rank && ++index[i] == map.box[i]; ++i) index[i] = 0;
  }
}

// Bytes of a row of the box that the tensor has, and where they begin in both.
struct Part {
  int64_t from;
  uint32_t skip;
  uint32_t bytes;
};
Part part_of_row(const Box& box) {
  const int64_t element = static_cast<int64_t>(box.map.strides[0]);
  const int64_t first = std::max<int64_t>(box.at[0], 0);
  const int64_t end = std::min<int64_t>(int64_t{box.at[0]} + box.map.box[0], box.map.sizes[0]);
  if (end <= first) return {0, 0, 0};
  return {first * element, static_cast<uint32_t>((first - box.at[0]) * element),
          static_cast<uint32_t>((end - first) * element)};
}

Box box_of(const CUtensorMap& map, const int* at, int rank, Place shared, const char* what) {
  Box box{};
  std::memcpy(&box.map, &map, sizeof box.map);
  if (box.map.magic != kMagic) fault("%s by what is no tensor map", what);
  if (static_cast<int>(box.map.rank) != rank)
    fault("%s of rank %d by a map of rank %u", what, rank, box.map.rank);
  if (reinterpret_cast<uintptr_t>(&map) % 64 != 0) fault("%s by a misaligned tensor map", what);
  box.shared = shared;
  box.bytes = static_cast<uint32_t>(box.map.strides[0]);
  for (int i = 0; i < rank; ++i) {
    box.at[i] = at[i];
    box.bytes *= box.map.box[i];
  }
  if (shared.offset % 128 != 0) fault("%s at a misaligned address in shared memory, %u", what, shared.offset);
  if (size_t{shared.offset} + box.bytes > shared_of(shared.rank).bytes) {
    fault("%s at %u ... %u of %zu bytes of shared memory", what, shared.offset, shared.offset + box.bytes,
          shared_of(shared.rank).bytes);
  }
  return box;
}

uint32_t in_shared(const Box& box, uint32_t place) {
  const uint32_t address = box.shared.offset + place;
  return box.map.swizzle == CU_TENSOR_MAP_SWIZZLE_128B ? swizzled(address) : address;
}

void fill(Place place, int byte, size_t bytes) {
  std::memset(shared_of(place.rank).at + place.offset, byte, bytes);
  std::memset(now.seen[static_cast<size_t>(place.rank)].data() + place.offset, byte, bytes);
}

void land(const Load& load) {
  const Box& box = load.box;
  const Part part = part_of_row(box);
  char* const memory = shared_of(box.shared.rank).at;
  char* const seen = now.seen[static_cast<size_t>(box.shared.rank)].data();
  const uint32_t row_bytes = box.map.box[0] * static_cast<uint32_t>(box.map.strides[0]);
  std::vector<char> row(row_bytes);
  each_row(box, [&](const char* from, uint32_t to) {
    std::fill(row.begin(), row.end(), char{0});
    if (from != nullptr) std::memcpy(row.data() + part.skip, from + part.from, part.bytes);
    for (uint32_t i = 0; i < row_bytes; i += 16) {
      const uint32_t address = in_shared(box, to + i);
      std::memcpy(memory + address, row.data() + i, 16);
      std::memcpy(seen + address, row.data() + i, 16);
    }
  });
  count_bytes(barrier_at(load.barrier, "a tensor's mbarrier"), -int64_t{box.bytes});
}

void write_out(const Box& box) {
  const Part part = part_of_row(box);
  const char* const seen = now.seen[static_cast<size_t>(box.shared.rank)].data();
  each_row(box, [&](const char* to, uint32_t from) {
    if (to == nullptr) return;
    // Whole rows, because the project's boxes lie wholly inside the first dimension or wholly outside.
    for (uint32_t i = 0; i < part.bytes; i += 16) {
      std::memcpy(const_cast<char*>(to) + part.from + i, seen + in_shared(box, from + part.skip + i),
                  std::min<uint32_t>(16, part.bytes - i));
    }
  });
}

// --- products of warpgroups ---

struct Operand {
  uint32_t start;
  uint32_t leading;
  uint32_t stride;
  uint32_t base;
};

Operand operand_of(uint64_t descriptor) {
  const auto field = [&](int bit) { return static_cast<uint32_t>(descriptor >> bit & 0x3fffu) << 4; };
  const uint32_t mode = static_cast<uint32_t>(descriptor >> 62);
  if (mode != 1) fault("wgmma with swizzle mode %u; the stand-in knows 128 bytes (1) only", mode);
  return {field(0), field(16), field(32), static_cast<uint32_t>(descriptor >> 49 & 7u)};
}

// Rows x 16 elements. K-major: a row (of M or N) has 16 elements next to each other, eight rows 128 bytes
// each, the next eight a stride further. Otherwise 64 rows lie next to each other, the next 64 a leading
// dimension further; eight k have 128 bytes each, the next eight are a stride further.
void read_operand(uint64_t descriptor, int rows, bool transposed, float* to) {
  const Operand operand = operand_of(descriptor);
  const std::vector<char>& seen = now.seen[static_cast<size_t>(rank_of_block())];
  const auto chunk = [&](uint32_t address, float* values, int step) {
    const uint32_t row = (address >> 7) - operand.base;
    const uint32_t place = address ^ ((row & 7u) << 4);
    if (size_t{place} + 16 > seen.size()) {
      fault("wgmma reads %u ... %u of %zu bytes of shared memory", place, place + 16, seen.size());
    }
    uint16_t elements[8];
    std::memcpy(elements, seen.data() + place, sizeof elements);
    for (int i = 0; i < 8; ++i) values[i * step] = __uint_as_float(static_cast<uint32_t>(elements[i]) << 16);
  };
  if (transposed) {
    for (int row = 0; row < rows; row += 8) {
      for (int k = 0; k < 16; ++k) {
        const int block = row / 64;
        chunk(operand.start + static_cast<uint32_t>(block) * operand.leading +
                  static_cast<uint32_t>(k / 8) * operand.stride +
                  static_cast<uint32_t>(k % 8 * 128 + row % 64 * 2),
              to + row * 16 + k, 16);
      }
    }
    return;
  }
  if (operand.start % 128 > 96) fault("wgmma whose 32 bytes of k cross a swizzled row, at %u", operand.start);
  for (int row = 0; row < rows; ++row) {
    for (int half = 0; half < 2; ++half) {
      chunk(operand.start + static_cast<uint32_t>(row / 8) * operand.stride +
                static_cast<uint32_t>(row % 8 * 128 + half * 16),
            to + row * 16 + half * 8, 1);
    }
  }
}

// Thread t's part of 64 x 16 elements.
void read_registers(int t, const uint32_t (&registers)[4], float* to) {
  for (int i = 0; i < 4; ++i) {
    float* const at = to + (t / 32 * 16 + t % 32 / 4 + i % 2 * 8) * 16 + i / 2 * 8 + t % 4 * 2;
    at[0] = __uint_as_float(registers[i] << 16);
    at[1] = __uint_as_float(registers[i] & 0xffff0000u);
  }
}

// As with mma.sync: exact products, one rounding for every 16 of k.
SCUMBLE_UNCHECKED void multiply_rows(const float* a, const float* b, int columns, float* d) {
  double by_k[16][256];
  for (int k = 0; k < 16; ++k) {
    for (int n = 0; n < columns; ++n) by_k[k][n] = static_cast<double>(b[n * 16 + k]);
  }
  double sums[256];
  for (int m = 0; m < 64; ++m) {
    for (int n = 0; n < columns; ++n) sums[n] = static_cast<double>(d[m * columns + n]);
    for (int k = 0; k < 16; ++k) {
      const double factor = static_cast<double>(a[m * 16 + k]);
      for (int n = 0; n < columns; ++n) sums[n] += factor * by_k[k][n];
    }
    for (int n = 0; n < columns; ++n) d[m * columns + n] = static_cast<float>(sums[n]);
  }
}

Flight* flight_of(Thread& thread, const float* d) {
  for (Flight& flight : thread.flights) {
    if (flight.d == d) return &flight;
  }
  return nullptr;
}

int first_of_warpgroup() {
  const int in_block = thread_number() % threads_of_block();
  return thread_number() - in_block + in_block / kWarpgroup * kWarpgroup;
}

// Makes the oldest group of all threads of the warpgroup that have not made it.
void make_group(int first) {
  Thread* const threads = &now.threads[static_cast<size_t>(first)];
  const std::vector<Product> group = threads[0].products.front();
  for (int t = 1; t < kWarpgroup; ++t) {
    if (!(threads[t].products.front() == group)) fault("threads of a warpgroup issue different wgmma");
  }
  for (size_t i = 0; i < group.size(); ++i) {
    const Product& p = group[i];
    std::vector<float> a(64 * 16);
    std::vector<float> b(static_cast<size_t>(p.columns) * 16);
    if (p.from_registers) {
      for (int t = 0; t < kWarpgroup; ++t)
        read_registers(t, threads[t].products.front()[i].registers, a.data());
    } else {
      read_operand(p.a, 64, p.a_transposed, a.data());
    }
    read_operand(p.b, p.columns, p.b_transposed, b.data());
    // Thread t has rows t / 32 * 16 + t % 32 / 4 and 8 further, columns 8 j + t % 4 * 2 and the next.
    const auto each_element = [&](const auto& visit) {
      for (int t = 0; t < kWarpgroup; ++t) {
        float* const values = flight_of(threads[t], threads[t].products.front()[i].d)->values.data();
        for (int e = 0; e < p.columns / 2; ++e) {
          const int row = t / 32 * 16 + t % 32 / 4 + e / 2 % 2 * 8;
          const int column = e / 4 * 8 + t % 4 * 2 + e % 2;
          visit(values[e], row * p.columns + column);
        }
      }
    };
    std::vector<float> d(static_cast<size_t>(64 * p.columns));
    if (p.add) each_element([&](float& value, int at) { d[static_cast<size_t>(at)] = value; });
    multiply_rows(a.data(), b.data(), p.columns, d.data());
    if (broken) {
      for (float& value : d) value *= 1.25f;
    }
    each_element([&](float& value, int at) { value = d[static_cast<size_t>(at)]; });
  }
  for (int t = 0; t < kWarpgroup; ++t) {
    threads[t].products.erase(threads[t].products.begin());
    threads[t].made += 1;
  }
}

void write_shared(uint32_t address, const void* value, size_t bytes) {
  const Shared memory = shared();
  if (address % bytes != 0) fault("st.shared to a misaligned address, %u", address);
  if (size_t{address} + bytes > memory.bytes)
    fault("st.shared to %u of %zu bytes of shared memory", address, memory.bytes);
  std::memcpy(memory.at + address, value, bytes);
  for (uint32_t i = 0; i < bytes; i += sizeof(uint16_t)) {
    uint16_t half = 0;
    std::memcpy(&half, static_cast<const char*>(value) + i, sizeof half);
    mine().written.emplace_back(address + i, half);
  }
}

// Groups that every thread of the warpgroup has committed.
size_t committed_by_all(int first) {
  size_t least = now.threads[static_cast<size_t>(first)].committed;
  for (int t = 1; t < kWarpgroup; ++t)
    least = std::min(least, now.threads[static_cast<size_t>(first + t)].committed);
  return least;
}

void issue(const Product& p) {
  Thread& thread = mine();
  if (!thread.fenced_products) fault("wgmma without wgmma.fence since its registers were last touched");
  if (p.columns < 8 || p.columns > 256 || p.columns % 8 != 0) fault("wgmma of %d columns", p.columns);
  if (flight_of(thread, p.d) == nullptr) {
    thread.flights.push_back({p.d, std::vector<float>(p.d, p.d + p.columns / 2)});
    std::memset(p.d, poison(), static_cast<size_t>(p.columns / 2) * sizeof(float));
  }
  thread.open_products.push_back(p);
}

}  // namespace

// --- what tests do ---

void break_products(bool value) {
  broken = value;
}

// --- a cluster's life ---

void begin_async() {
  const size_t blocks = static_cast<size_t>(blocks_of_cluster());
  now.threads.assign(blocks * static_cast<size_t>(threads_of_block()), {});
  now.seen.resize(blocks);
  for (size_t rank = 0; rank < blocks; ++rank) {
    now.seen[rank].assign(shared_of(static_cast<int>(rank)).bytes, static_cast<char>(poison()));
  }
  now.barriers.clear();
  now.asleep = 0;
}

void end_async() {
  if (!now.loads.empty()) fault("a block ended, and nobody had waited for a tensor that it loads");
}

void leave_kernel() {
  const Thread& thread = mine();
  if (!thread.stores.empty() || !thread.open_stores.empty()) {
    fault("a thread leaves the kernel while a tensor that it stores is still being read");
  }
  if (thread.made < thread.committed || !thread.open_products.empty() || !thread.flights.empty()) {
    fault("a thread leaves the kernel with wgmma that it has not waited for");
  }
}

bool land_something() {
  if (now.loads.empty()) return false;
  const size_t which = random_below(now.loads.size());
  const Load load = now.loads[which];
  now.loads.erase(now.loads.begin() + static_cast<ptrdiff_t>(which));
  land(load);
  return true;
}

int waiting_at_mbarriers() {
  return now.asleep;
}

// --- instructions ---

void store_shared(uint32_t address, uint32_t value) {
  write_shared(address, &value, sizeof value);
}

void store_shared(uint32_t address, uint4 value) {
  write_shared(address, &value, sizeof value);
}

void store_shared(uint32_t address, uint16_t value) {
  write_shared(address, &value, sizeof value);
}

void fence_async() {
  Thread& thread = mine();
  char* const seen = now.seen[static_cast<size_t>(rank_of_block())].data();
  for (const auto& [address, value] : thread.written) std::memcpy(seen + address, &value, sizeof value);
  thread.written.clear();
}

void barrier_init(uint32_t barrier, uint32_t count) {
  const Place place = place_of(barrier);
  if (place.offset % 8 != 0) fault("an mbarrier at a misaligned address, %u", place.offset);
  if (size_t{place.offset} + 8 > shared().bytes) {
    fault("an mbarrier at %u of %zu bytes of shared memory", place.offset, shared().bytes);
  }
  if (count == 0 || count > static_cast<uint32_t>(kMostBytes)) fault("an mbarrier that counts %u", count);
  if (now.barriers.count(place) > 0) fault("an mbarrier at %u, where there is one", place.offset);
  Barrier made;
  made.count = made.pending = count;
  made.maker = thread_number();
  now.barriers[place] = made;
}

void fence_barrier_init() {
  for (auto& [place, barrier] : now.barriers) {
    if (barrier.maker == thread_number()) barrier.fenced = true;
  }
}

void barrier_arrive(uint32_t barrier) {
  const Place place = place_of(barrier);
  Barrier& found = barrier_at(place, "an arrival at an mbarrier");
  if (place.rank != rank_of_block() && !found.fenced) {
    fault("an arrival at an mbarrier without fence.mbarrier_init");
  }
  arrive(found);
}

void barrier_expect(uint32_t barrier, uint32_t bytes) {
  Barrier& found = barrier_at(place_of(barrier), "an arrival at an mbarrier");
  found.bytes += bytes;
  if (found.bytes > kMostBytes)
    fault("an mbarrier that expects %lld bytes", static_cast<long long>(found.bytes));
  arrive(found);
}

void barrier_wait(uint32_t barrier, uint32_t parity) {
  const Place place = place_of(barrier);
  if (place.rank != rank_of_block()) fault("a wait at an mbarrier of another block");
  Barrier& found = barrier_at(place, "a wait at an mbarrier");
  if (parity > 1) fault("a wait for parity %u", parity);
  // The phase of this parity has ended when the one that runs has the other.
  while ((found.phase & 1) == parity) {
    found.waiting.push_back(thread_number());
    ++now.asleep;
    sleep();
  }
}

uint32_t address_in(uint32_t address, uint32_t rank) {
  if (address >> 24 != 0) fault("mapa of an address that is a cluster's already");
  if (rank >= static_cast<uint32_t>(blocks_of_cluster())) {
    fault("mapa to block %u of a cluster of %d", rank, blocks_of_cluster());
  }
  return address | (rank + 1) << 24;
}

void load_tensor(uint32_t to, const CUtensorMap& map, const int* at, int rank, uint32_t barrier,
                 uint32_t blocks) {
  if (to >> 24 != 0 || barrier >> 24 != 0) fault("a tensor is loaded to places in the block's own memory");
  if (blocks >> blocks_of_cluster() != 0) fault("a tensor is loaded to blocks that the cluster lacks");
  if (blocks == 0) blocks = 1u << rank_of_block();
  for (int block = 0; block < blocks_of_cluster(); ++block) {
    if ((blocks >> block & 1) == 0) continue;
    const Load load{box_of(map, at, rank, {block, to}, "a tensor load"), {block, barrier}};
    if (!barrier_at(load.barrier, "a tensor's mbarrier").fenced) {
      fault("a tensor's mbarrier without fence.mbarrier_init");
    }
    fill(load.box.shared, poison(), load.box.bytes);
    if (lazy()) {
      now.loads.push_back(load);
    } else {
      land(load);
    }
  }
}

void store_tensor(const CUtensorMap& map, const int* at, int rank, uint32_t from) {
  const Box box = box_of(map, at, rank, {rank_of_block(), from}, "a tensor store");
  if (!lazy()) write_out(box);
  mine().open_stores.push_back(box);
}

void commit_stores() {
  mine().stores.push_back(std::move(mine().open_stores));
  mine().open_stores.clear();
}

void wait_stores_read(int groups_left) {
  std::vector<std::vector<Box>>& groups = mine().stores;
  while (groups.size() > static_cast<size_t>(groups_left)) {
    if (lazy()) {
      for (const Box& box : groups.front()) write_out(box);
    }
    groups.erase(groups.begin());
  }
}

void wgmma_fence() {
  mine().fenced_products = true;
}

void multiply(float* d, int columns, uint64_t a, uint64_t b, bool a_transposed, bool b_transposed, bool add) {
  issue({d, columns, a, b, a_transposed, b_transposed, add, false, {}});
}

void multiply(float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool add) {
  issue({d, columns, 0, b, false, false, add, true, {a[0], a[1], a[2], a[3]}});
}

void wgmma_commit() {
  Thread& thread = mine();
  thread.products.push_back(std::move(thread.open_products));
  thread.open_products.clear();
  thread.committed += 1;
  const int first = first_of_warpgroup();
  const size_t all = committed_by_all(first);
  if (all < thread.committed) return;
  // The last to come. Others may be waiting for it.
  while (!lazy() && now.threads[static_cast<size_t>(first)].made < all) make_group(first);
  for (int t = 0; t < kWarpgroup; ++t) {
    Thread& other = now.threads[static_cast<size_t>(first + t)];
    if (!other.waits_for_products) continue;
    other.waits_for_products = false;
    wake(first + t);
  }
}

void wgmma_wait(int groups_left) {
  Thread& thread = mine();
  const int first = first_of_warpgroup();
  const size_t left = static_cast<size_t>(groups_left);
  const size_t wanted = thread.committed > left ? thread.committed - left : 0;
  while (committed_by_all(first) < wanted) {
    thread.waits_for_products = true;
    sleep();
  }
  while (thread.made < wanted) make_group(first);
  thread.fenced_products = false;
  // Accumulators that no product still changes are the thread's again.
  std::vector<Flight> flying;
  for (Flight& flight : thread.flights) {
    bool busy = false;
    for (const std::vector<Product>& group : thread.products) {
      for (const Product& p : group) busy = busy || p.d == flight.d;
    }
    for (const Product& p : thread.open_products) busy = busy || p.d == flight.d;
    if (busy) {
      flying.push_back(std::move(flight));
    } else {
      std::memcpy(flight.d, flight.values.data(), flight.values.size() * sizeof(float));
    }
  }
  thread.flights = std::move(flying);
}

void set_registers(int count, bool more) {
  if (count < 24 || count > 256 || count % 8 != 0) fault("setmaxnreg %d", count);
  const int threads = threads_of_block();
  const int at_start = std::min(255, kRegisters / threads) / 8 * 8;
  Thread& thread = mine();
  // What a thread has at the start depends on how many blocks share the registers, which only the compiler
  // knows.
  const int before = thread.registers;
  if (before != 0 && (more ? count < before : count > before))
    fault("setmaxnreg.%s %d from %d", more ? "inc" : "dec", count, before);
  thread.registers = count;
  int sum = 0;
  const int first = thread_number() - thread_number() % threads;
  for (int t = 0; t < threads; ++t) {
    const int own = now.threads[static_cast<size_t>(first + t)].registers;
    sum += own == 0 ? 0 : own;
  }
  if (sum > at_start * threads)
    fault("setmaxnreg: %d registers where the block has %d", sum, at_start * threads);
}

}  // namespace stand_in

// --- the driver ---

CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* at,
                                const cuuint64_t* sizes, const cuuint64_t* strides, const cuuint32_t* box,
                                const cuuint32_t* element_strides, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  using stand_in::kMagic;
  using stand_in::kMostRank;
  constexpr uint64_t kElement = 2;
  stand_in::Map made{kMagic, static_cast<const char*>(at), rank, static_cast<uint32_t>(swizzle), {}, {}, {}};
  bool good = type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 && rank >= 1 && rank <= kMostRank &&
              interleave == CU_TENSOR_MAP_INTERLEAVE_NONE &&
              reinterpret_cast<uintptr_t>(map) % alignof(CUtensorMap) == 0 &&
              reinterpret_cast<uintptr_t>(at) % 16 == 0;
  for (uint32_t i = 0; good && i < rank; ++i) {
    good = sizes[i] >= 1 && sizes[i] <= uint64_t{1} << 32 && box[i] >= 1 && box[i] <= 256 &&
           element_strides[i] == 1;  // the project has no others
    made.sizes[i] = static_cast<uint32_t>(std::min<uint64_t>(sizes[i], 0xffffffffu));
    made.box[i] = box[i];
    made.strides[i] = i == 0 ? kElement : strides[i - 1];
    good = good && (i == 0 || (made.strides[i] % 16 == 0 && made.strides[i] < uint64_t{1} << 40));
  }
  good = good && box[0] * kElement % 16 == 0 &&
         (swizzle == CU_TENSOR_MAP_SWIZZLE_NONE || box[0] * kElement <= 128);
  if (!good) return CUDA_ERROR_INVALID_VALUE;
  // The stand-in's rows are as wide as the swizzle; narrower ones would be padded.
  if (swizzle == CU_TENSOR_MAP_SWIZZLE_128B && box[0] * kElement != 128) return CUDA_ERROR_INVALID_VALUE;
  static_assert(sizeof made <= sizeof *map);
  std::memset(map, 0, sizeof *map);
  std::memcpy(map, &made, sizeof made);
  return CUDA_SUCCESS;
}

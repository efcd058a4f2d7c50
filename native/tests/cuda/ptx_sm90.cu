// Every function of ptx_sm90.h at work in one small kernel, as the fast kernels put them together: a producer
// loads operands through a ring of stages, a warpgroup multiplies them, and the copy engine stores the
// result. Right, it must give the plain product of matrices in every order of things; and each step of it
// left out, or a descriptor or a phase made wrong, must be seen, or the kernels' tests would prove little.
// Elements are small whole numbers, so results must be equal.
#include "../../cuda/ops/elements.h"
#include "../../cuda/ptx/ptx_sm90.h"
#include "../../cuda/sm90/tensor_map.h"
#include "../check.h"
#include "orders.h"
#ifdef SCUMBLE_STAND_IN
#include "faults.h"
#endif

using namespace scumble::cuda;
using device::Array;

namespace {

enum class Wrong {
  nothing,
  no_barrier_fence,
  no_wait_for_loads,
  no_wait_for_stages,
  one_phase,
  fewer_bytes,
  more_bytes,
  more_arrivals,
  early_release,
  no_wgmma_fence,
  no_wgmma_wait,
  no_swizzle,
  stride,
  leading,
  k_step,
  not_transposed,
  plain_writes,
  no_proxy_fence,
  no_barrier_before_store,
  no_wait_for_store,
  no_cluster_barrier,
  registers,
};

constexpr int kRows = 64;
constexpr int kStages = 2;
constexpr unsigned kThreads = 256;  // a warpgroup that multiplies, one that loads

template <int kColumns>
struct Memory {
  static constexpr uint32_t kA = kRows * 128;
  static constexpr uint32_t kB = kColumns * 128;
  static constexpr uint32_t kResult = kStages * (kA + kB);
  static constexpr uint32_t kBarriers = kResult + kRows * kColumns * 2;
  static constexpr uint32_t kBytes = kBarriers + 2 * kStages * 8;
};

struct Maps {
  CUtensorMap a;
  CUtensorMap b;
  CUtensorMap d;
};

// d = a b, 64 x kColumns, k = 64 steps. A cluster's blocks have an a and a d each, one below the other, and
// share b: each loads a part of it for all.
template <int kColumns, bool kTransposed>
__global__ void __launch_bounds__(kThreads, 1)
    product_of(const __grid_constant__ Maps maps, int steps, int blocks, Wrong wrong) {
  using Places = Memory<kColumns>;
  const uint32_t memory = shared_address(shared_memory<unsigned char>());
  const uint32_t a = memory;
  const uint32_t b = memory + kStages * Places::kA;
  const uint32_t result = memory + Places::kResult;
  const uint32_t full = memory + Places::kBarriers;
  const uint32_t empty = full + kStages * 8;
  const int thread = static_cast<int>(threadIdx.x);
  const int rank = static_cast<int>(blockIdx.x) % blocks;
  const int row = static_cast<int>(blockIdx.x) * kRows;
  if (thread == 0) {
    for (uint32_t i = 0; i < kStages; ++i) {
      barrier_init(full + i * 8, 1);
      barrier_init(empty + i * 8, static_cast<uint32_t>(4 * blocks));
    }
    if (wrong != Wrong::no_barrier_fence) fence_barrier_init();
  }
  cluster_barrier();
  if (thread >= 128) {
    give_registers<40>();
    if (thread == 128) {
      for (int step = 0; step < steps; ++step) {
        const uint32_t stage = static_cast<uint32_t>(step % kStages);
        const uint32_t parity = static_cast<uint32_t>(step / kStages & 1);
        if (wrong != Wrong::no_wait_for_stages) barrier_wait(empty + stage * 8, parity ^ 1);
        uint32_t bytes = Places::kA + Places::kB;
        if (wrong == Wrong::fewer_bytes) bytes -= 1024;
        if (wrong == Wrong::more_bytes) bytes += 1024;
        barrier_expect(full + stage * 8, bytes);
        const uint32_t to_a = a + stage * Places::kA;
        if (kTransposed) {
          load_tensor(to_a, maps.a, row, step * 64, 0, full + stage * 8);
        } else {
          load_tensor(to_a, maps.a, step * 64, row, 0, full + stage * 8);
        }
        for (int part = rank; part < kColumns / 64; part += blocks) {
          const uint32_t to = b + stage * Places::kB + static_cast<uint32_t>(part) * 8192;
          const int c = kTransposed ? part * 64 : step * 64;
          const int x = kTransposed ? step * 64 : part * 64;
          if (blocks == 1) {
            load_tensor(to, maps.b, c, x, 0, full + stage * 8);
          } else {
            load_tensor(to, maps.b, c, x, 0, full + stage * 8, static_cast<uint16_t>((1 << blocks) - 1));
          }
        }
      }
    }
  } else {
    take_registers<256>();
    if (wrong == Wrong::registers) take_registers<240>();
    float sums[kColumns / 2];
    const auto release = [&](int step) {
      if (thread % 32 < blocks) {
        const uint32_t barrier = empty + static_cast<uint32_t>(step % kStages) * 8;
        barrier_arrive_cluster(address_in(barrier, static_cast<uint32_t>(thread % 32)));
        if (wrong == Wrong::more_arrivals) barrier_arrive(barrier);
      }
    };
    for (int step = 0; step < steps; ++step) {
      const uint32_t stage = static_cast<uint32_t>(step % kStages);
      const uint32_t parity = wrong == Wrong::one_phase ? 0 : static_cast<uint32_t>(step / kStages & 1);
      if (wrong != Wrong::no_wait_for_loads) barrier_wait(full + stage * 8, parity);
      hold(sums);
      if (wrong != Wrong::no_wgmma_fence) wgmma_fence();
      for (uint32_t k = 0; k < 4; ++k) {
        const uint32_t from_a = a + stage * Places::kA + k * (kTransposed ? 2048 : 32);
        const uint32_t from_b = b + stage * Places::kB +
                                k * (kTransposed              ? 2048
                                     : wrong == Wrong::k_step ? 16
                                                              : 32);
        uint64_t of_a = kTransposed ? transposed(from_a, 0) : k_major(from_a);
        uint64_t of_b =
            kTransposed ? transposed(from_b, wrong == Wrong::leading ? 4096 : 8192) : k_major(from_b);
        if (wrong == Wrong::no_swizzle) of_a &= ~(uint64_t{3} << 62);
        if (wrong == Wrong::stride) of_b ^= uint64_t{64 ^ 32} << 32;
        if (wrong == Wrong::not_transposed) {
          multiply<false, kTransposed>(sums, of_a, of_b, step > 0 || k > 0);
        } else {
          multiply<kTransposed, kTransposed>(sums, of_a, of_b, step > 0 || k > 0);
        }
      }
      wgmma_commit();
      if (wrong == Wrong::early_release) {
        release(step);
      } else {
        wgmma_wait<1>();
        if (step > 0) release(step - 1);
      }
    }
    if (wrong != Wrong::no_wgmma_wait) wgmma_wait<0>();
    hold(sums);
    const int at = thread / 32 * 16 + thread % 32 / 4;
    // Twice, the second time zeros over what the first may still be reading, to a place outside.
    for (int round = 0; round < 2; ++round) {
      if (round == 1) {
        if (wrong != Wrong::no_wait_for_store && thread == 0) wait_stores_read();
        named_barrier(1, 128);
      }
#pragma unroll
      for (int i = 0; i < kColumns / 2; i += 2) {
        const int in_atom = at + i / 2 % 2 * 8;
        const int chunk = i / 4 % 8 ^ (in_atom & 7);
        const uint32_t to =
            result + static_cast<uint32_t>(i / 32 * 8192 + in_atom * 128 + chunk * 16 + thread % 4 * 4);
        const uint32_t value = round == 0 ? to_bf16(sums[i], sums[i + 1]) : 0;
        if (wrong == Wrong::plain_writes) {
          *reinterpret_cast<uint32_t*>(shared_memory<unsigned char>() + (to - memory)) = value;
        } else {
          store_shared(to, value);
        }
      }
      if (wrong != Wrong::no_proxy_fence) fence_async();
      if (wrong != Wrong::no_barrier_before_store) named_barrier(1, 128);
      if (thread == 0) {
        const int shift = round == 0 ? 0 : 64 * blocks;
        for (int part = 0; part < kColumns / 64; ++part) {
          store_tensor(maps.d, part * 64, row + shift, 0, result + static_cast<uint32_t>(part) * 8192);
        }
        commit_stores();
      }
    }
    if (thread == 0) wait_stores_read();
  }
  if (wrong != Wrong::no_cluster_barrier) cluster_barrier();
}

// Whole numbers from -1 to 1.
std::vector<float> small_numbers(int n, unsigned seed) {
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) {
    seed = seed * 1664525u + 1013904223u;
    v = static_cast<float>(static_cast<int>(seed >> 24) % 3 - 1);
  }
  return values;
}

std::vector<uint16_t> bf16(const std::vector<float>& values) {
  std::vector<uint16_t> made;
  for (const float v : values) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    made.push_back(static_cast<uint16_t>(bits >> 16));
  }
  return made;
}

// What the device and the plain product make of the same matrices.
struct Results {
  std::vector<uint16_t> found;
  std::vector<uint16_t> expected;
};

// The last few rows of d, and the k beyond the last few of the last step, are not there.
template <int kColumns, bool kTransposed>
Results run(int blocks, Wrong wrong = Wrong::nothing) {
  constexpr int kSteps = 5;
  const int m = blocks * kRows - 3;
  const int k = kSteps * 64 - 8;
  const std::vector<float> a = small_numbers(m * k, 1);
  const std::vector<float> b = small_numbers(kColumns * k, 2);
  Results results;
  std::vector<float> expected(static_cast<size_t>(m * kColumns));
  std::vector<float> a_stored(a.size());
  std::vector<float> b_stored(b.size());
  const int rows = (m + 7) / 8 * 8;  // in memory: strides are multiples of 16 bytes
  if (kTransposed) a_stored.assign(static_cast<size_t>(rows * k), 0);
  for (int i = 0; i < m; ++i) {
    for (int s = 0; s < k; ++s) {
      const float value = a[static_cast<size_t>(i * k + s)];
      a_stored[static_cast<size_t>(kTransposed ? s * rows + i : i * k + s)] = value;
      for (int j = 0; j < kColumns; ++j) {
        expected[static_cast<size_t>(i * kColumns + j)] += value * b[static_cast<size_t>(j * k + s)];
      }
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int s = 0; s < k; ++s) {
      b_stored[static_cast<size_t>(kTransposed ? s * kColumns + j : j * k + s)] =
          b[static_cast<size_t>(j * k + s)];
    }
  }
  results.expected = bf16(expected);
  const Array<uint16_t> from_a(bf16(a_stored));
  const Array<uint16_t> from_b(bf16(b_stored));
  const Array<uint16_t> to(results.expected.size());
  Maps maps;
  CHECK(encode_tensor(maps.a, from_a.get(), kTransposed ? rows : k, kTransposed ? k : m, 1, 64, 1));
  CHECK(
      encode_tensor(maps.b, from_b.get(), kTransposed ? kColumns : k, kTransposed ? k : kColumns, 1, 64, 1));
  CHECK(encode_tensor(maps.d, to.get(), kColumns, m, 1, 64, 1));
  launch_clusters(product_of<kColumns, kTransposed>, 1, false, blocks, dim3(kThreads),
                  Memory<kColumns>::kBytes, nullptr, maps, kSteps, blocks, wrong);
  results.found = to.values();
  return results;
}

// On compute capability 9.0 only.
bool has_them() {
  int major = 0;
  device::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return major == 9;
}

template <int kColumns, bool kTransposed>
void expect_equal(int blocks) {
  if (!has_them()) return;
  device::in_every_order([&] {
    const Results results = run<kColumns, kTransposed>(blocks);
    CHECK(results.found == results.expected);
  });
}

}  // namespace

TEST(products_of_a_warpgroup) {
  expect_equal<64, false>(1);
  expect_equal<128, false>(1);
}

TEST(products_of_transposed_operands) {
  expect_equal<64, true>(1);
  expect_equal<128, true>(1);
}

TEST(a_cluster_shares_an_operand) {
  expect_equal<64, false>(2);
  expect_equal<128, false>(4);
  expect_equal<128, true>(2);
}

#ifdef SCUMBLE_STAND_IN

namespace {

// What is said, in one order or another, of a kernel with this fault: by the stand-in, or that its result is
// wrong.
template <int kColumns, bool kTransposed>
void expect_seen(Wrong wrong, const char* words, int blocks = 1) {
  check::at() = std::to_string(static_cast<int>(wrong));
  std::string said;
  for (uint64_t order = 0; order < 6 && said.find(words) == std::string::npos; ++order) {
    said += faults::of([&] {
      stand_in::seed(order);
      const Results results = run<kColumns, kTransposed>(blocks, wrong);
      if (results.found == results.expected) return;
      std::fprintf(stderr, "a wrong result\n");
      std::abort();
    });
  }
  if (said.find(words) == std::string::npos) {
    check::fail(__FILE__, __LINE__, "not seen: " + std::string(words) + ", but: " + said);
  }
}

}  // namespace

TEST(what_is_forgotten_at_an_mbarrier_shows) {
  expect_seen<64, false>(Wrong::no_barrier_fence, "without fence.mbarrier_init");
  expect_seen<64, false>(Wrong::no_wait_for_loads, "a wrong result");
  expect_seen<64, false>(Wrong::no_wait_for_stages, "more arrivals at an mbarrier than");
  expect_seen<64, false>(Wrong::one_phase, "a wrong result");
  expect_seen<64, false>(Wrong::fewer_bytes, "deadlock");
  expect_seen<64, false>(Wrong::more_bytes, "deadlock");
  expect_seen<64, false>(Wrong::more_arrivals, "deadlock");
}

TEST(what_is_forgotten_about_products_shows) {
  expect_seen<64, false>(Wrong::early_release, "a wrong result");
  expect_seen<64, false>(Wrong::no_wgmma_fence, "wgmma without wgmma.fence");
  expect_seen<64, false>(Wrong::no_wgmma_wait, "wgmma that it has not waited for");
  expect_seen<64, false>(Wrong::registers, "setmaxnreg.inc 240 from 256");
}

TEST(a_wrong_descriptor_shows) {
  expect_seen<64, false>(Wrong::no_swizzle, "wgmma with swizzle mode 0");
  expect_seen<64, false>(Wrong::stride, "a wrong result");
  expect_seen<64, false>(Wrong::k_step, "a wrong result");
  expect_seen<64, true>(Wrong::not_transposed, "a wrong result");
  expect_seen<128, true>(Wrong::stride, "a wrong result");
  expect_seen<128, true>(Wrong::leading, "a wrong result");
}

TEST(what_is_forgotten_about_a_tensor_store_shows) {
  expect_seen<64, false>(Wrong::plain_writes, "a wrong result");
  expect_seen<64, false>(Wrong::no_proxy_fence, "a wrong result");
  expect_seen<64, false>(Wrong::no_barrier_before_store, "a wrong result");
  expect_seen<64, false>(Wrong::no_wait_for_store, "a wrong result");
}

TEST(a_block_that_leaves_its_cluster_early_shows) {
  expect_seen<64, false>(Wrong::no_cluster_barrier, "which has left the kernel", 2);
}

TEST(tensor_maps_are_refused_as_the_driver_does) {
  alignas(64) static unsigned char memory[4096];
  CUtensorMap map;
  CHECK(encode_tensor(map, memory, 64, 8, 2, 8, 2));
  CHECK(!encode_tensor(map, memory + 8, 64, 8, 2, 8, 2));  // not at a multiple of 16 bytes
  CHECK(!encode_tensor(map, memory, 60, 8, 2, 8, 2));      // nor its rows
  CHECK(!encode_tensor(map, memory, 64, 8, 2, 257, 2));    // a box of more than 256
  CHECK(!encode_tensor(map, memory, 64, 0, 2, 8, 2));      // nothing
}

#endif

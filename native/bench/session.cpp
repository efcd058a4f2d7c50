// One session of VGG-19 on the data of bench/gpu/bench.py, for a machine without Node:
//
//     bench_session FOLDER SIZE cpu|float32|tf32|bf16 ITERATIONS [THREADS]
//
// Prints one JSON line: seconds for the iterations, bytes allocated, and the total losses at the start and
// the end.
#include "../cpp/core/session.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../cpp/core/backends.h"
#include "vgg19.h"

namespace {

constexpr int kWarmUp = 5;  // iterations before the clock starts

std::vector<float> read_floats(const std::string& path, size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::vector<float> values(count);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)));
  if (!file) throw std::runtime_error(path + " has fewer than " + std::to_string(count) + " floats");
  return values;
}

std::shared_ptr<const scumble::Backend> backend_for(const std::string& name) {
  using scumble::Precision;
  const auto* kind = scumble::find_backend(name == "cpu" ? "cpu" : "cuda");
  if (kind == nullptr) throw std::runtime_error("no backend for " + name + " in this build");
  if (name == "cpu" || name == "float32") return kind->open(0, Precision::exact);
  if (name == "tf32") return kind->open(0, Precision::balanced);
  if (name == "bf16") return kind->open(0, Precision::fast);
  throw std::runtime_error("there is no precision " + name);
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int run(const std::string& folder, int size, const std::string& precision, int iterations, int threads) {
  const auto backend = backend_for(precision);
  const scumble::Architecture architecture = vgg19();
  size_t floats = 0;
  for (const scumble::Convolution& conv : architecture.convolutions) {
    floats += static_cast<size_t>(conv.outputs) * (static_cast<size_t>(conv.inputs) * 9 + 1);
  }
  const std::vector<float> blob = read_floats(folder + "/weights.bin", floats);
  auto next = blob.begin();
  const auto take = [&](size_t count) {
    next += static_cast<std::ptrdiff_t>(count);
    return std::vector<float>(next - static_cast<std::ptrdiff_t>(count), next);
  };
  std::vector<scumble::ConvolutionWeights> weights;
  for (const scumble::Convolution& conv : architecture.convolutions) {
    const size_t outputs = static_cast<size_t>(conv.outputs);
    scumble::ConvolutionWeights made;
    made.weight = take(outputs * static_cast<size_t>(conv.inputs) * 9);
    made.bias = take(outputs);
    weights.push_back(std::move(made));
  }
  const auto network = backend->load(architecture, weights);

  const auto picture = [&](const std::string& name) {
    const size_t elements = static_cast<size_t>(size) * static_cast<size_t>(size) * 3;
    return read_floats(folder + "/" + name + "-" + std::to_string(size) + ".bin", elements);
  };
  const std::vector<float> content = picture("content");
  const std::vector<float> style = picture("style");
  const std::vector<float> start = picture("start");
  scumble::SessionOptions options;
  options.objective = neural_style();
  options.optimizer.kind = scumble::OptimizerKind::adam;
  options.optimizer.learning_rate = 2;
  options.threads = threads;
  scumble::SessionImages images;
  images.start = {start.data(), size, size};
  images.targets = {{content.data(), size, size}, {style.data(), size, size}};
  const std::atomic<bool> cancelled{false};
  scumble::Session session(*backend, {network}, options, images, cancelled);
  const double first = session.step(cancelled).total;
  session.step(cancelled, kWarmUp - 1);
  const double began = seconds();
  const double last = session.step(cancelled, iterations).total;
  std::printf("{\"seconds\": %.6f, \"bytes\": %zu, \"first\": %.9g, \"last\": %.9g}\n", seconds() - began,
              session.bytes() + network->bytes(), first, last);
  return 0;
}

}  // namespace

int main(int count, char** values) {
  const int size = count > 2 ? std::atoi(values[2]) : 0;
  const int iterations = count > 4 ? std::atoi(values[4]) : 0;
  const int threads =
      count > 5 ? std::atoi(values[5]) : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (size < 16 || iterations < 1 || threads < 1) {
    std::fprintf(stderr, "usage: bench_session FOLDER SIZE cpu|float32|tf32|bf16 ITERATIONS [THREADS]\n");
    return 2;
  }
  try {
    return run(values[1], size, values[3], iterations, threads);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_session: %s\n", error.what());
    return 1;
  }
}

// The stand-in's runtime: what the manual promises about streams, events, copies, graphs and errors, and that
// work whose end nobody waited for has not happened.
#include "../../cuda/ops/launch.h"
#include "../check.h"
#include "orders.h"

using scumble::cuda::launch;

namespace {

__global__ void add(float* at, float term) {
  *at += term;
}

struct Stream {
  cudaStream_t at = nullptr;
  Stream() { device::check(cudaStreamCreateWithFlags(&at, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(at); }
};

struct Pinned {
  float* at = nullptr;
  Pinned() { device::check(cudaMallocHost(&at, sizeof(float))); }
  ~Pinned() { cudaFreeHost(at); }
};

void queue_add(const device::Array<float>& to, float term, cudaStream_t stream) {
  launch(add, dim3(1), dim3(1), 0, stream, to.get(), term);
}

cudaError_t copy_back(float* to, const device::Array<float>& from, cudaStream_t stream) {
  return cudaMemcpyAsync(to, from.get(), sizeof(float), cudaMemcpyDeviceToHost, stream);
}

}  // namespace

TEST(a_copy_lands_when_waited_for) {
  const Stream stream;
  const device::Array<float> value(std::vector<float>{1});
  const Pinned host;
  *host.at = -1;
  queue_add(value, 2, stream.at);
  CHECK(copy_back(host.at, value, stream.at) == cudaSuccess);
  CHECK(*host.at == -1);
  CHECK(cudaStreamSynchronize(stream.at) == cudaSuccess);
  CHECK(*host.at == 3);
}

TEST(events_order_streams) {
  const Stream first;
  const Stream second;
  const device::Array<float> value(std::vector<float>{1});
  const Pinned host;
  cudaEvent_t event = nullptr;
  device::check(cudaEventCreate(&event));
  queue_add(value, 2, first.at);
  CHECK(cudaEventRecord(event, first.at) == cudaSuccess);
  CHECK(cudaStreamWaitEvent(second.at, event) == cudaSuccess);
  CHECK(copy_back(host.at, value, second.at) == cudaSuccess);
  CHECK(cudaStreamSynchronize(second.at) == cudaSuccess);
  CHECK(*host.at == 3);
  CHECK(cudaEventQuery(event) == cudaSuccess);
  CHECK(cudaEventDestroy(event) == cudaSuccess);
  // Without the event the second stream does not wait.
  queue_add(value, 2, first.at);
  CHECK(copy_back(host.at, value, second.at) == cudaSuccess);
  CHECK(cudaStreamSynchronize(second.at) == cudaSuccess);
  CHECK(*host.at == 3);
}

TEST(a_query_is_answered_in_the_end) {
  const Stream stream;
  const device::Array<float> value(std::vector<float>{0});
  for (int i = 0; i < 3; ++i) queue_add(value, 1, stream.at);
  CHECK(cudaStreamQuery(stream.at) == cudaErrorNotReady);
  int queries = 0;
  while (cudaStreamQuery(stream.at) == cudaErrorNotReady) ++queries;
  CHECK(queries == 2);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(value.values()[0] == 3);
}

TEST(a_graph_is_recorded_and_replayed) {
  const size_t handles = stand_in::handles();
  {
    const Stream stream;
    const device::Array<float> value(std::vector<float>{0});
    const Pinned host;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    CHECK(cudaStreamBeginCapture(stream.at, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    queue_add(value, 2, stream.at);
    CHECK(copy_back(host.at, value, stream.at) == cudaSuccess);
    CHECK(cudaStreamEndCapture(stream.at, &graph) == cudaSuccess);
    CHECK(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(cudaStreamSynchronize(stream.at) == cudaSuccess);
    CHECK(value.values()[0] == 0);  // recorded, not run
    for (int i = 0; i < 3; ++i) CHECK(cudaGraphLaunch(executable, stream.at) == cudaSuccess);
    CHECK(cudaStreamSynchronize(stream.at) == cudaSuccess);
    CHECK(*host.at == 6);
    CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);
  }
  CHECK(stand_in::handles() == handles);
  CHECK(stand_in::allocated() == 0);
}

TEST(what_a_capture_forbids_spoils_it) {
  const device::Array<float> value(std::vector<float>{0});
  const auto spoiled = [&](cudaError_t expected, auto call) {
    const Stream stream;
    CHECK(cudaStreamBeginCapture(stream.at, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    queue_add(value, 2, stream.at);
    CHECK(call(stream.at) == expected);
    CHECK(cudaGetLastError() == expected);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(stream.at, &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(graph == nullptr);
    cudaGetLastError();
    CHECK(cudaStreamSynchronize(stream.at) == cudaSuccess);
  };
  void* at = nullptr;
  float host = 0;
  spoiled(cudaErrorStreamCaptureUnsupported, [&](cudaStream_t) { return cudaMalloc(&at, 4); });
  spoiled(cudaErrorStreamCaptureUnsupported,
          [](cudaStream_t stream) { return cudaStreamSynchronize(stream); });
  spoiled(cudaErrorStreamCaptureUnsupported, [](cudaStream_t) { return cudaDeviceSynchronize(); });
  spoiled(cudaErrorStreamCaptureImplicit,
          [&](cudaStream_t) { return cudaMemcpy(&host, value.get(), 4, cudaMemcpyDeviceToHost); });
}

TEST(errors_are_the_runtimes) {
  const device::Array<float> value(std::vector<float>{0});
  float host = 0;
  const auto fails = [](cudaError_t found, cudaError_t expected) {
    CHECK(found == expected);
    CHECK(cudaGetLastError() == expected);
    CHECK(cudaGetLastError() == cudaSuccess);
  };
  fails(cudaSetDevice(1), cudaErrorInvalidDevice);
  fails(cudaMemcpy(&host, value.get(), 8, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);  // too long
  fails(cudaMemcpy(value.get(), &host, 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);  // wrong way
  fails(cudaFree(&host), cudaErrorInvalidValue);
  const auto launched = [&](dim3 grid, dim3 block, size_t bytes) {
    launch(add, grid, block, bytes, nullptr, value.get(), 1.0f);
    return cudaGetLastError();
  };
  CHECK(launched(dim3(0), dim3(1), 0) == cudaErrorInvalidConfiguration);
  CHECK(launched(dim3(1, 65536), dim3(1), 0) == cudaErrorInvalidConfiguration);
  CHECK(launched(dim3(1), dim3(1025), 0) == cudaErrorInvalidConfiguration);
  CHECK(launched(dim3(1), dim3(1), size_t{100} << 20) == cudaErrorInvalidValue);
  CHECK(launched(dim3(1), dim3(1), size_t{200} << 10) == cudaSuccess);  // compute capability 9.0 has 227 KB
  CHECK(value.values()[0] == 1);
}

TEST(a_machine_as_a_test_wants_it) {
  stand_in::Machine machine;
  machine.devices = 2;
  machine.memory = 1000;
  stand_in::machine(machine);
  int count = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaSuccess && count == 2);
  {
    const device::Array<char> most(900);
    void* more = nullptr;
    CHECK(cudaMalloc(&more, 101) == cudaErrorMemoryAllocation && more == nullptr);
    size_t free = 0;
    size_t total = 0;
    CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess && free == 100 && total == 1000);
    CHECK(cudaSetDevice(1) == cudaSuccess);
    const device::Array<char> on_the_other(900);
    CHECK(cudaSetDevice(0) == cudaSuccess);
  }
  machine.devices = 0;
  stand_in::machine(machine);
  CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice && count == 0);
  machine.driver = 11000;
  stand_in::machine(machine);
  machine.devices = 1;
  stand_in::machine(machine);
  CHECK(cudaGetDeviceCount(&count) == cudaErrorInsufficientDriver);
  stand_in::machine({});
  stand_in::heal();
}

TEST(failures_when_a_test_wants_them) {
  void* at = nullptr;
  stand_in::fail(1, cudaErrorMemoryAllocation);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(cudaMalloc(&at, 4) == cudaErrorMemoryAllocation);
  CHECK(cudaMalloc(&at, 4) == cudaSuccess);
  CHECK(cudaFree(at) == cudaSuccess);
  stand_in::fail(0, cudaErrorLaunchFailure, true);
  CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
  CHECK(cudaMalloc(&at, 4) == cudaErrorLaunchFailure);
  CHECK(cudaGetLastError() == cudaErrorLaunchFailure && cudaGetLastError() == cudaErrorLaunchFailure);
  stand_in::heal();
  CHECK(cudaMalloc(&at, 4) == cudaSuccess);
  CHECK(cudaFree(at) == cudaSuccess);
}

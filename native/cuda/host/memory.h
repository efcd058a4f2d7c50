// What the CUDA runtime hands out, owned, and its errors as exceptions. Every call that may come from any
// thread says which device it means first: the runtime keeps a current device per thread.
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <utility>

#include "../../cpp/core/error.h"

namespace scumble::cuda {

inline void check(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // not sticky: the next call starts clean
  throw DeviceFailure(DeviceFailure::lost, std::string(doing) + ": " + cudaGetErrorString(error) + " (" +
                                               cudaGetErrorName(error) + ")");
}

inline void use(int device) {
  check(cudaSetDevice(device), "choosing the device");
}

// A zeroed block of device memory.
class DeviceMemory {
 public:
  DeviceMemory(int device, size_t bytes) : device_(device) {
    if (bytes == 0) return;
    use(device);
    const cudaError_t error = cudaMalloc(&at_, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      size_t free = 0;
      size_t total = 0;
      cudaMemGetInfo(&free, &total);
      throw DeviceFailure(DeviceFailure::memory, "the device has too little memory", bytes, free);
    }
    check(error, "allocating device memory");
    try {
      check(cudaMemset(at_, 0, bytes), "clearing device memory");
    } catch (...) {
      cudaFree(at_);
      throw;
    }
  }
  ~DeviceMemory() {
    if (at_ == nullptr) return;
    cudaSetDevice(device_);
    cudaFree(at_);
  }
  DeviceMemory(DeviceMemory&& other) noexcept
      : device_(other.device_), at_(std::exchange(other.at_, nullptr)) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  DeviceMemory& operator=(DeviceMemory&&) = delete;

  char* at(size_t offset = 0) const { return static_cast<char*>(at_) + offset; }

 private:
  int device_;
  void* at_ = nullptr;
};

class Stream {
 public:
  explicit Stream(int device) : device_(device) {
    use(device);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  }
  ~Stream() {
    cudaSetDevice(device_);
    cudaStreamDestroy(stream_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  operator cudaStream_t() const { return stream_; }
  void wait(const char* doing) const { check(cudaStreamSynchronize(stream_), doing); }

 private:
  int device_;
  cudaStream_t stream_ = nullptr;
};

// Memory of the host that a device can write by itself, while the host does something else.
class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes) { check(cudaMallocHost(&at_, bytes), "pinning memory"); }
  ~PinnedMemory() { cudaFreeHost(at_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  char* at(size_t offset = 0) const { return static_cast<char*>(at_) + offset; }

 private:
  void* at_ = nullptr;
};

// A place in a stream's work, to be waited for.
class Event {
 public:
  explicit Event(int device) : device_(device) {
    use(device);
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event");
  }
  ~Event() {
    cudaSetDevice(device_);
    cudaEventDestroy(event_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  operator cudaEvent_t() const { return event_; }
  // Everything queued so far.
  void record(const Stream& stream) const { check(cudaEventRecord(event_, stream), "marking a place"); }
  void wait(const char* doing) const { check(cudaEventSynchronize(event_), doing); }

 private:
  int device_;
  cudaEvent_t event_ = nullptr;
};

// What `queue` puts on a stream, to be replayed.
class Graph {
 public:
  template <typename Queue>
  Graph(const Stream& stream, const Queue& queue) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capturing an iteration");
    cudaGraph_t graph = nullptr;
    try {
      queue();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "capturing an iteration");
    const cudaError_t error = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    check(error, "preparing an iteration");
  }
  ~Graph() { cudaGraphExecDestroy(graph_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch(const Stream& stream) const { check(cudaGraphLaunch(graph_, stream), "starting an iteration"); }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace scumble::cuda

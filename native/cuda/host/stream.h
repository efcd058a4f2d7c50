// A queue of work on a device, and a moment in it.
#pragma once

#include <cuda_runtime.h>

#include "errors.h"

namespace scumble::cuda {

// Not ordered with the work of any other stream, the default one included.
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

// A moment in a stream's work, to be waited for.
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
  // The moment when everything queued so far is done.
  void record(const Stream& stream) const { check(cudaEventRecord(event_, stream), "marking a moment"); }
  void wait(const char* doing) const { check(cudaEventSynchronize(event_), doing); }

 private:
  int device_;
  cudaEvent_t event_ = nullptr;
};

}  // namespace scumble::cuda

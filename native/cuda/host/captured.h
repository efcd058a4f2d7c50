// What a function puts on a stream, captured once and replayed.
#pragma once

#include <cuda_runtime.h>

#include "errors.h"
#include "stream.h"

namespace scumble::cuda {

class Captured {
 public:
  template <typename Queue>
  Captured(const Stream& stream, const Queue& queue) {
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
  ~Captured() { cudaGraphExecDestroy(graph_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  void launch(const Stream& stream) const { check(cudaGraphLaunch(graph_, stream), "starting an iteration"); }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace scumble::cuda

// The host's side of the stand-in. One lock for everything: calls may come from any thread, and one kernel
// runs at a time. What is queued on a stream runs when something waits for it.
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "block.h"
#include "control.h"
#include "cuda.h"

namespace {

struct Mark {  // of one recording of an event
  bool done = false;
  double milliseconds = 0;
  cudaStream_t stream = nullptr;
};

struct Capture {
  cudaStream_t origin = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  bool valid = true;
  std::vector<std::function<void()>> work;
  std::set<cudaStream_t> streams;         // the origin and those that waited for an event of the capture
  std::map<cudaStream_t, size_t> joined;  // how much of a stream's work the origin has waited for
  std::map<cudaStream_t, size_t> queued;
};

}  // namespace

struct CUstream_st {
  int device = 0;
  bool blocking = true;
  std::deque<std::function<void()>> work;
  std::shared_ptr<Capture> capture;
};

struct CUevent_st {
  std::shared_ptr<Mark> mark;        // null before it is recorded
  std::shared_ptr<Capture> capture;  // that it was recorded in
  cudaStream_t captured_stream = nullptr;
  size_t captured_count = 0;
  bool timed = true;
};

struct CUgraph_st {
  std::vector<std::function<void()>> work;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
};

namespace {

constexpr size_t kFreeShared = 48 << 10;
constexpr size_t kReservedShared = 1 << 10;  // of each block, by the system

struct Allocation {
  size_t bytes;
  int device;  // -1: pinned host memory
};

struct Runtime {
  std::mutex lock;
  stand_in::Machine machine;
  std::map<const char*, Allocation> allocations;
  std::map<int, CUstream_st> defaults;
  std::set<cudaStream_t> streams;  // made by the program
  std::set<cudaEvent_t> events;
  std::set<cudaGraph_t> graphs;
  std::set<cudaGraphExec_t> executables;
  std::map<const void*, int> shared_limits;  // of kernels that were allowed more
  std::vector<std::shared_ptr<Capture>> captures;
  long until_failure = -1;
  cudaError_t failure = cudaSuccess;
  bool lost = false;
  bool gone = false;

  Runtime() {
    if (const char* seed = std::getenv("SCUMBLE_STAND_IN_SEED"))
      stand_in::set_order(std::strtoull(seed, nullptr, 10));
    if (const char* given = std::getenv("SCUMBLE_STAND_IN_MACHINE")) {
      std::istringstream(given) >> machine.devices >> machine.major >> machine.minor >> machine.memory >>
          machine.driver;
    }
    if (const char* given = std::getenv("SCUMBLE_STAND_IN_FAILURE")) {
      int error = 0;
      std::istringstream(given) >> until_failure >> error >> lost;
      failure = static_cast<cudaError_t>(error);
    }
    if (std::getenv("SCUMBLE_STAND_IN_BROKEN") != nullptr) stand_in::break_products(true);
  }
};

Runtime& runtime() {
  static Runtime one;
  return one;
}

thread_local cudaError_t last_error = cudaSuccess;
thread_local int current_device = 0;

// `cudaErrorNotReady` is an answer, not an error to remember.
cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last_error = error;
  return error;
}

// Locked; counts calls, and lets those fail that a test wants to.
class Call {
 public:
  Call() : guard_(runtime().lock) {
    Runtime& r = runtime();
    if (r.gone) {
      error_ = r.failure;
    } else if (r.until_failure >= 0 && r.until_failure-- == 0) {
      error_ = r.failure;
      r.gone = r.lost;
    }
    if (error_ == cudaSuccess && r.machine.driver == 0) error_ = cudaErrorInsufficientDriver;
    if (error_ == cudaSuccess && r.machine.devices == 0) error_ = cudaErrorNoDevice;
  }
  cudaError_t error() const { return error_; }

 private:
  std::lock_guard<std::mutex> guard_;
  cudaError_t error_ = cudaSuccess;
};

#define SCUMBLE_CALL() \
  const Call call;     \
  if (call.error() != cudaSuccess) return answer(call.error())

cudaStream_t stream_of(cudaStream_t stream) {
  if (stream != nullptr) return stream;
  CUstream_st& found = runtime().defaults[current_device];
  found.device = current_device;
  return &found;
}

bool known(cudaStream_t stream) {
  return stream == nullptr || runtime().streams.count(stream) > 0;
}

void drain(cudaStream_t stream) {
  while (!stream->work.empty()) {
    const std::function<void()> work = std::move(stream->work.front());
    stream->work.pop_front();
    work();
  }
}

void drain_all() {
  for (auto& [device, stream] : runtime().defaults) drain(&stream);
  for (const cudaStream_t stream : runtime().streams) drain(stream);
}

// The default stream waits for the blocking ones, and they for it.
void order_with_default(cudaStream_t stream) {
  Runtime& r = runtime();
  for (auto& [device, one] : r.defaults) {
    if (device != stream->device) continue;
    if (stream != &one && stream->blocking) drain(&one);
    if (stream == &one) {
      for (const cudaStream_t other : r.streams) {
        if (other->blocking && other->device == device) drain(other);
      }
    }
  }
}

// A call that the capture of a stream forbids; it ends that capture's usefulness.
bool forbidden() {
  bool found = false;
  for (const auto& capture : runtime().captures) {
    const bool mine = capture->thread == std::this_thread::get_id();
    if (capture->mode == cudaStreamCaptureModeGlobal ||
        (capture->mode == cudaStreamCaptureModeThreadLocal && mine)) {
      capture->valid = false;
      found = true;
    }
  }
  return found;
}

// Something that waits for every stream may not meet a capture of any mode but one of other threads' own.
bool default_stream_forbidden() {
  bool found = false;
  for (const auto& capture : runtime().captures) {
    if (!capture->origin->blocking && capture->mode != cudaStreamCaptureModeGlobal &&
        capture->thread != std::this_thread::get_id()) {
      continue;
    }
    if (capture->mode == cudaStreamCaptureModeRelaxed && !capture->origin->blocking) continue;
    capture->valid = false;
    found = true;
  }
  return found;
}

cudaError_t queue(cudaStream_t stream, std::function<void()> work) {
  stream = stream_of(stream);
  if (stream->capture) {
    if (!stream->capture->valid) return cudaErrorStreamCaptureInvalidated;
    stream->capture->work.push_back(std::move(work));
    ++stream->capture->queued[stream];
    return cudaSuccess;
  }
  order_with_default(stream);
  stream->work.push_back(std::move(work));
  return cudaSuccess;
}

// The allocation that these bytes lie in wholly, or null.
const Allocation* find(const void* at, size_t bytes) {
  const char* place = static_cast<const char*>(at);
  auto next = runtime().allocations.upper_bound(place);
  if (next == runtime().allocations.begin()) return nullptr;
  --next;
  const bool inside = place + bytes <= next->first + next->second.bytes;
  return inside ? &next->second : nullptr;
}

bool on_device(const void* at, size_t bytes) {
  const Allocation* found = find(at, bytes);
  return found != nullptr && found->device >= 0;
}

bool on_host(const void* at, size_t bytes) {
  const Allocation* found = find(at, bytes);
  return found == nullptr || found->device < 0;
}

bool copy_allowed(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind == cudaMemcpyDefault) return true;
  return (to_device ? on_device(to, bytes) : on_host(to, bytes)) &&
         (from_device ? on_device(from, bytes) : on_host(from, bytes));
}

size_t used(int device) {
  size_t sum = 0;
  for (const auto& [at, allocation] : runtime().allocations) {
    if (allocation.device == device) sum += allocation.bytes;
  }
  return sum;
}

int most_shared() {
  const int capability = runtime().machine.major * 10 + runtime().machine.minor;
  switch (capability) {
    case 75:
      return 64 << 10;
    case 80:
    case 87:
      return 163 << 10;
    case 90:
    case 100:
      return 227 << 10;
    default:
      return 99 << 10;
  }
}

cudaError_t allocate(void** at, size_t bytes, int device) {
  *at = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (device >= 0 && bytes > runtime().machine.memory - used(device)) return cudaErrorMemoryAllocation;
  if (posix_memalign(at, 256, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*at, stand_in::poison(), bytes);
  runtime().allocations[static_cast<char*>(*at)] = {bytes, device};
  return cudaSuccess;
}

cudaError_t release(void* at, bool device) {
  if (at == nullptr) return cudaSuccess;
  const auto found = runtime().allocations.find(static_cast<char*>(at));
  if (found == runtime().allocations.end() || (found->second.device >= 0) != device)
    return cudaErrorInvalidValue;
  drain_all();
  runtime().allocations.erase(found);
  std::free(at);
  return cudaSuccess;
}

double milliseconds_now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// --- what tests do ---

namespace stand_in {

void seed(uint64_t value) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  set_order(value);
}

void machine(const Machine& machine) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  if (!runtime().allocations.empty()) {
    std::fprintf(stderr, "stand-in: the machine changes while memory is allocated\n");
    std::abort();
  }
  runtime().machine = machine;
}

void fail(int after, cudaError_t error, bool lost) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  runtime().until_failure = after;
  runtime().failure = error;
  runtime().lost = lost;
  runtime().gone = false;
}

void heal() {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  runtime().until_failure = -1;
  runtime().gone = false;
  last_error = cudaSuccess;
}

size_t allocated() {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  size_t sum = 0;
  for (const auto& [at, allocation] : runtime().allocations) sum += allocation.bytes;
  return sum;
}

size_t handles() {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  const Runtime& r = runtime();
  return r.streams.size() + r.events.size() + r.graphs.size() + r.executables.size();
}

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::function<void()> thread) {
  SCUMBLE_CALL();
  const dim3 grid = config.gridDim;
  const dim3 block = config.blockDim;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (!known(config.stream)) return answer(cudaErrorInvalidResourceHandle);
  if (stream_of(config.stream)->device != current_device) return answer(cudaErrorInvalidResourceHandle);
  if (threads == 0 || threads > 1024 || block.z > 64) return answer(cudaErrorInvalidConfiguration);
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    return answer(cudaErrorInvalidConfiguration);
  }
  const auto limit = runtime().shared_limits.find(kernel);
  const size_t most = limit == runtime().shared_limits.end()
                          ? kFreeShared
                          : std::max(kFreeShared, static_cast<size_t>(limit->second));
  if (config.dynamicSmemBytes > most) return answer(cudaErrorInvalidValue);
  const size_t bytes = config.dynamicSmemBytes;
  unsigned cluster = 1;
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    if (config.attrs[i].id != cudaLaunchAttributeClusterDimension) return answer(cudaErrorInvalidValue);
    const auto& size = config.attrs[i].val.clusterDim;
    if (size.y != 1 || size.z != 1) return answer(cudaErrorInvalidValue);  // the project has no others
    cluster = size.x;
  }
  // Eight is what every card with clusters can run.
  if (cluster == 0 || cluster > 8 || grid.x % cluster != 0 || (cluster > 1 && runtime().machine.major < 9)) {
    return answer(cudaErrorInvalidConfiguration);
  }
  return answer(queue(config.stream, [grid, block, cluster, bytes, thread = std::move(thread)] {
    run_grid(grid, block, static_cast<int>(cluster), bytes, thread);
  }));
}

}  // namespace stand_in

// --- errors ---

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define SCUMBLE_CUDA_ERROR(name, value, text) \
  case name:                                  \
    return #name;
    SCUMBLE_CUDA_ERRORS(SCUMBLE_CUDA_ERROR)
#undef SCUMBLE_CUDA_ERROR
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define SCUMBLE_CUDA_ERROR(name, value, text) \
  case name:                                  \
    return text;
    SCUMBLE_CUDA_ERRORS(SCUMBLE_CUDA_ERROR)
#undef SCUMBLE_CUDA_ERROR
  }
  return "unrecognized error code";
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  return runtime().gone ? runtime().failure : last_error;
}

// --- devices ---

cudaError_t cudaGetDeviceCount(int* count) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  *count = 0;
  if (runtime().machine.driver == 0) return answer(cudaErrorInsufficientDriver);
  if (runtime().machine.devices == 0) return answer(cudaErrorNoDevice);
  if (runtime().machine.driver / 1000 < CUDART_VERSION / 1000) return answer(cudaErrorInsufficientDriver);
  *count = runtime().machine.devices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  SCUMBLE_CALL();
  if (device < 0 || device >= runtime().machine.devices) return answer(cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  const stand_in::Machine& machine = runtime().machine;
  if (device < 0 || device >= machine.devices) return answer(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "Stand-in %d", device);
  properties->totalGlobalMem = machine.memory;
  properties->major = machine.major;
  properties->minor = machine.minor;
  properties->multiProcessorCount = machine.multiprocessors;
  properties->sharedMemPerBlock = kFreeShared;
  properties->sharedMemPerBlockOptin = static_cast<size_t>(most_shared());
  properties->l2CacheSize = 4 << 20;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  const stand_in::Machine& machine = runtime().machine;
  if (device < 0 || device >= machine.devices) return answer(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = kFreeShared;
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = machine.multiprocessors;
      return cudaSuccess;
    case cudaDevAttrL2CacheSize:
      *value = 4 << 20;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = machine.major;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = machine.minor;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = most_shared();
      return cudaSuccess;
  }
  return answer(cudaErrorInvalidValue);
}

cudaError_t cudaDriverGetVersion(int* version) {
  const std::lock_guard<std::mutex> guard(runtime().lock);
  *version = runtime().machine.driver;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  SCUMBLE_CALL();
  if (forbidden()) return answer(cudaErrorStreamCaptureUnsupported);
  drain_all();
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  SCUMBLE_CALL();
  *total = runtime().machine.memory;
  *free = *total - used(current_device);
  return cudaSuccess;
}

// --- streams and events ---

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  SCUMBLE_CALL();
  *stream = new CUstream_st;
  (*stream)->device = current_device;
  (*stream)->blocking = flags != cudaStreamNonBlocking;
  runtime().streams.insert(*stream);
  return cudaSuccess;
}

// Destroying works on a lost device too, as far as the host goes.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Call call;
  if (runtime().streams.count(stream) == 0) return answer(cudaErrorInvalidResourceHandle);
  if (call.error() == cudaSuccess) drain(stream);
  runtime().streams.erase(stream);
  delete stream;
  return answer(call.error());
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  SCUMBLE_CALL();
  if (!known(stream)) return answer(cudaErrorInvalidResourceHandle);
  stream = stream_of(stream);
  if (stream->capture) {
    stream->capture->valid = false;
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  order_with_default(stream);
  drain(stream);
  return cudaSuccess;
}

// Does a little, so that whoever asks again and again is answered one day.
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  SCUMBLE_CALL();
  if (!known(stream)) return answer(cudaErrorInvalidResourceHandle);
  stream = stream_of(stream);
  if (stream->capture) {
    stream->capture->valid = false;
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  if (stream->work.empty()) return cudaSuccess;
  const std::function<void()> work = std::move(stream->work.front());
  stream->work.pop_front();
  work();
  return cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  SCUMBLE_CALL();
  if (!known(stream) || runtime().events.count(event) == 0) return answer(cudaErrorInvalidResourceHandle);
  stream = stream_of(stream);
  if (event->capture) {
    if (stream->capture && stream->capture != event->capture) return answer(cudaErrorStreamCaptureUnmatched);
    stream->capture = event->capture;
    stream->capture->streams.insert(stream);
    if (stream == stream->capture->origin)
      stream->capture->joined[event->captured_stream] = event->captured_count;
    return cudaSuccess;
  }
  if (stream->capture && event->mark) return answer(cudaErrorStreamCaptureImplicit);
  if (!event->mark) return cudaSuccess;
  return answer(queue(stream, [mark = event->mark] {
    if (!mark->done) drain(mark->stream);
  }));
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  SCUMBLE_CALL();
  *event = new CUevent_st;
  (*event)->timed = (flags & cudaEventDisableTiming) == 0;
  runtime().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Call call;
  if (runtime().events.erase(event) == 0) return answer(cudaErrorInvalidResourceHandle);
  delete event;
  return answer(call.error());
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  SCUMBLE_CALL();
  if (!known(stream) || runtime().events.count(event) == 0) return answer(cudaErrorInvalidResourceHandle);
  stream = stream_of(stream);
  if (stream->capture) {
    event->capture = stream->capture;
    event->captured_stream = stream;
    event->captured_count = stream->capture->queued[stream];
    event->mark = nullptr;
    return cudaSuccess;
  }
  event->capture = nullptr;
  event->mark = std::make_shared<Mark>();
  event->mark->stream = stream;
  return answer(queue(stream, [mark = event->mark] {
    mark->done = true;
    mark->milliseconds = milliseconds_now();
  }));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  SCUMBLE_CALL();
  if (runtime().events.count(event) == 0) return answer(cudaErrorInvalidResourceHandle);
  if (event->capture) return answer(cudaErrorCapturedEvent);
  while (event->mark && !event->mark->done) {
    const std::function<void()> work = std::move(event->mark->stream->work.front());
    event->mark->stream->work.pop_front();
    work();
  }
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  SCUMBLE_CALL();
  if (runtime().events.count(event) == 0) return answer(cudaErrorInvalidResourceHandle);
  if (event->capture) return answer(cudaErrorCapturedEvent);
  if (!event->mark || event->mark->done) return cudaSuccess;
  const std::function<void()> work = std::move(event->mark->stream->work.front());
  event->mark->stream->work.pop_front();
  work();
  return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  SCUMBLE_CALL();
  for (const cudaEvent_t event : {start, end}) {
    if (runtime().events.count(event) == 0 || !event->timed || !event->mark) {
      return answer(cudaErrorInvalidResourceHandle);
    }
    if (!event->mark->done) return cudaErrorNotReady;
  }
  *milliseconds = static_cast<float>(end->mark->milliseconds - start->mark->milliseconds);
  return cudaSuccess;
}

// --- memory ---

cudaError_t cudaMalloc(void** at, size_t bytes) {
  SCUMBLE_CALL();
  if (forbidden()) return answer(cudaErrorStreamCaptureUnsupported);
  return answer(allocate(at, bytes, current_device));
}

cudaError_t cudaFree(void* at) {
  const Call call;
  if (forbidden()) return answer(cudaErrorStreamCaptureUnsupported);
  const cudaError_t error = release(at, true);
  return answer(call.error() != cudaSuccess ? call.error() : error);
}

cudaError_t cudaHostAlloc(void** at, size_t bytes, unsigned) {
  SCUMBLE_CALL();
  if (forbidden()) return answer(cudaErrorStreamCaptureUnsupported);
  return answer(allocate(at, bytes, -1));
}

cudaError_t cudaFreeHost(void* at) {
  const Call call;
  if (forbidden()) return answer(cudaErrorStreamCaptureUnsupported);
  const cudaError_t error = release(at, false);
  return answer(call.error() != cudaSuccess ? call.error() : error);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  SCUMBLE_CALL();
  if (default_stream_forbidden()) return answer(cudaErrorStreamCaptureImplicit);
  if (!copy_allowed(to, from, bytes, kind)) return answer(cudaErrorInvalidValue);
  const cudaStream_t stream = stream_of(nullptr);
  order_with_default(stream);
  drain(stream);
  std::memmove(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  SCUMBLE_CALL();
  if (!known(stream)) return answer(cudaErrorInvalidResourceHandle);
  if (!copy_allowed(to, from, bytes, kind)) return answer(cudaErrorInvalidValue);
  // From memory that is not pinned the runtime takes a copy before it returns.
  if (kind == cudaMemcpyHostToDevice && find(from, bytes) == nullptr && !stream_of(stream)->capture) {
    const char* at = static_cast<const char*>(from);
    return answer(queue(stream, [to, staged = std::vector<char>(at, at + bytes)] {
      std::memcpy(to, staged.data(), staged.size());
    }));
  }
  return answer(queue(stream, [to, from, bytes] { std::memmove(to, from, bytes); }));
}

cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  SCUMBLE_CALL();
  if (default_stream_forbidden()) return answer(cudaErrorStreamCaptureImplicit);
  if (!on_device(to, bytes)) return answer(cudaErrorInvalidValue);
  return answer(queue(nullptr, [to, value, bytes] { std::memset(to, value, bytes); }));
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  SCUMBLE_CALL();
  if (!known(stream)) return answer(cudaErrorInvalidResourceHandle);
  if (!on_device(to, bytes)) return answer(cudaErrorInvalidValue);
  return answer(queue(stream, [to, value, bytes] { std::memset(to, value, bytes); }));
}

// --- graphs ---

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  SCUMBLE_CALL();
  if (runtime().streams.count(stream) == 0)
    return answer(cudaErrorStreamCaptureUnsupported);  // not the default stream
  if (stream->capture) return answer(cudaErrorStreamCaptureUnsupported);
  auto capture = std::make_shared<Capture>();
  capture->origin = stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->streams.insert(stream);
  stream->capture = capture;
  runtime().captures.push_back(capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Call call;
  *graph = nullptr;
  if (runtime().streams.count(stream) == 0) return answer(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<Capture> capture = stream->capture;
  if (!capture || capture->origin != stream) return answer(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
    return answer(cudaErrorStreamCaptureWrongThread);
  }
  bool joined = true;
  for (const cudaStream_t one : capture->streams) {
    joined = joined && (one == stream || capture->joined[one] == capture->queued[one]);
    one->capture = nullptr;
  }
  auto& all = runtime().captures;
  for (size_t i = all.size(); i-- > 0;) {
    if (all[i] == capture) all.erase(all.begin() + static_cast<ptrdiff_t>(i));
  }
  if (call.error() != cudaSuccess) return answer(call.error());
  if (!capture->valid) return answer(cudaErrorStreamCaptureInvalidated);
  if (!joined) return answer(cudaErrorStreamCaptureUnjoined);
  *graph = new CUgraph_st{std::move(capture->work)};
  runtime().graphs.insert(*graph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  SCUMBLE_CALL();
  if (!known(stream)) return answer(cudaErrorInvalidResourceHandle);
  const auto& capture = stream_of(stream)->capture;
  *status = !capture         ? cudaStreamCaptureStatusNone
            : capture->valid ? cudaStreamCaptureStatusActive
                             : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  SCUMBLE_CALL();
  *made = nullptr;
  if (runtime().graphs.count(graph) == 0) return answer(cudaErrorInvalidValue);
  *made = new CUgraphExec_st{graph->work};
  runtime().executables.insert(*made);
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t graph, cudaStream_t stream) {
  SCUMBLE_CALL();
  if (runtime().executables.count(graph) == 0 || !known(stream)) return answer(cudaErrorInvalidValue);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  SCUMBLE_CALL();
  if (runtime().executables.count(graph) == 0 || !known(stream)) return answer(cudaErrorInvalidValue);
  for (const auto& work : graph->work) {
    if (const cudaError_t error = queue(stream, work); error != cudaSuccess) return answer(error);
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Call call;
  if (runtime().graphs.erase(graph) == 0) return answer(cudaErrorInvalidValue);
  delete graph;
  return answer(call.error());
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  const Call call;
  if (runtime().executables.erase(graph) == 0) return answer(cudaErrorInvalidValue);
  delete graph;
  return answer(call.error());
}

// --- kernels ---

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  SCUMBLE_CALL();
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value < 0 || value > most_shared()) return answer(cudaErrorInvalidValue);
    runtime().shared_limits[kernel] = value;
  }
  return cudaSuccess;
}

// By shared memory and threads alone, and as if a cluster could be put together of any processors.
cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, const void*, const cudaLaunchConfig_t* config) {
  SCUMBLE_CALL();
  const unsigned cluster = config->numAttrs > 0 ? config->attrs[0].val.clusterDim.x : 1;
  const size_t by_memory = (size_t{228} << 10) / (config->dynamicSmemBytes + kReservedShared);
  const size_t by_threads = 2048 / (size_t{config->blockDim.x} * config->blockDim.y * config->blockDim.z);
  *clusters = runtime().machine.multiprocessors * static_cast<int>(std::min(by_memory, by_threads)) /
              static_cast<int>(cluster);
  return cudaSuccess;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* found) {
  SCUMBLE_CALL();
  *function = nullptr;
  *found = cudaDriverEntryPointSymbolNotFound;
  if (std::string(name) == "cuTensorMapEncodeTiled") {
    *function = reinterpret_cast<void*>(cuTensorMapEncodeTiled);
    *found = cudaDriverEntryPointSuccess;
  }
  return cudaSuccess;
}

// Work off the event loop, as promises. Threads are our own rather than libuv's four, which file and image
// I/O need; the arithmetic inside is shared out by the engine's pool. All of an environment's threads come
// back to JavaScript through one door.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "api.h"

namespace scumble::node {

// Makes a promise's value; runs on the JavaScript thread.
using Finish = std::function<Napi::Value(Napi::Env)>;
// Runs on a thread; what it throws rejects the promise.
using Work = std::function<Finish()>;

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// A thread that belongs to an environment and can be told to end.
class Worker {
 public:
  virtual ~Worker() = default;
  // Any thread; returns at once.
  virtual void stop() = 0;
  virtual bool ended() const = 0;
  virtual void join() = 0;
};

// All threads of one environment. When it goes away (process exit, a worker's end) they are told to stop and
// waited for, so that none outlives the memory it works on or the functions it calls.
class Tasks {
 public:
  static Tasks& of(Napi::Env env);
  explicit Tasks(Napi::Env env);
  ~Tasks();
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // Runs `work` on a thread of its own. `kept`: JavaScript objects whose memory it reads.
  Napi::Promise start(Napi::Env env, CancelFlag cancelled, std::vector<Napi::Object> kept, Work work);

  // The same as an object: the promise by `name`, and cancel(), which sets the flag.
  Napi::Object start_cancellable(Napi::Env env, const char* name, const CancelFlag& cancelled,
                                 std::vector<Napi::Object> kept, Work work);

  // A promise that some thread will keep: the function it gets runs the work there and comes back with it.
  using Keep = std::function<void(const Work&)>;
  Napi::Promise promise(Napi::Env env, const std::vector<Napi::Object>& kept, Keep& keep);

  // Any thread: runs `call` on the JavaScript thread, after what was asked before. Nothing happens once the
  // environment is closing.
  void call(std::function<void(Napi::Env)> call);

  // Takes a thread that is running under its care.
  void adopt(std::shared_ptr<Worker> worker);

  struct Constructors {
    Napi::FunctionReference backend;
    Napi::FunctionReference network;
    Napi::FunctionReference reservation;
    Napi::FunctionReference session;
  };
  Constructors constructors;

 private:
  struct Promised;
  void settle(Napi::Env env, const std::shared_ptr<Promised>& promised);
  void reap();
  void stop();

  Napi::ThreadSafeFunction door_;
  size_t promised_ = 0;  // while there are any, the process stays
  std::list<std::shared_ptr<Worker>> workers_;
};

}  // namespace scumble::node

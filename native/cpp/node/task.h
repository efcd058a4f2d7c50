// Work off the event loop, as promises. Each task has a thread of its own rather than one of libuv's four,
// which file and image I/O need; the arithmetic inside is shared out by the engine's pool.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "api.h"

namespace scumble::node {

// Makes the promise's value; runs on the JavaScript thread.
using Finish = std::function<Napi::Value(Napi::Env)>;
// Runs on the task's thread; what it throws rejects the promise.
using Work = std::function<Finish()>;

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// All tasks of one environment. When it goes away (process exit, a worker's end) they are told to stop and
// waited for, so that none outlives the memory it works on or the functions it calls.
class Tasks {
 public:
  static Tasks& of(Napi::Env env);
  explicit Tasks(Napi::Env env);
  ~Tasks();

  // `kept`: JavaScript objects whose memory the work reads.
  Napi::Promise start(Napi::Env env, CancelFlag cancelled, std::vector<Napi::Object> kept, Work work);

  struct Constructors {
    Napi::FunctionReference backend;
    Napi::FunctionReference network;
    Napi::FunctionReference session;
  };
  Constructors constructors;

 private:
  struct Running;
  void stop();
  std::list<std::unique_ptr<Running>> running_;
};

}  // namespace scumble::node

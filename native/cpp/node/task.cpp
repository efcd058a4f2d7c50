#include "task.h"

#include <exception>
#include <new>
#include <system_error>

#include "../core/error.h"

namespace scumble::node {
namespace {

Napi::Error error_of(Napi::Env env, const std::exception_ptr& failure) {
  const auto with_code = [&](const char* message, const char* code) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, code));
    return error;
  };
  try {
    std::rethrow_exception(failure);
  } catch (const InvalidArgument& e) {
    return with_code(e.what(), "INVALID_ARGUMENT");
  } catch (const Cancelled& e) {
    return with_code(e.what(), "CANCELLED");
  } catch (const Diverged& e) {
    Napi::Error error = with_code(e.what(), "DIVERGED");
    error.Set("iteration", Napi::Number::New(env, e.iteration));
    return error;
  } catch (const DeviceFailure& e) {
    Napi::Error error =
        with_code(e.what(), e.kind == DeviceFailure::memory ? "DEVICE_MEMORY" : "DEVICE_LOST");
    error.Set("needed", Napi::Number::New(env, static_cast<double>(e.needed)));
    error.Set("free", Napi::Number::New(env, static_cast<double>(e.free)));
    return error;
  } catch (const std::bad_alloc&) {
    return with_code("out of memory", "OUT_OF_MEMORY");
  } catch (const std::exception& e) {
    return with_code(e.what(), "INTERNAL");
  }
}

}  // namespace

struct Tasks::Running {
  Running(Napi::Env env, CancelFlag flag, Work w)
      : deferred(Napi::Promise::Deferred::New(env)), cancelled(std::move(flag)), work(std::move(w)) {}

  Napi::Promise::Deferred deferred;
  CancelFlag cancelled;
  Work work;
  std::vector<Napi::ObjectReference> kept;
  Finish finish;
  std::exception_ptr failure;
  Napi::ThreadSafeFunction done;
  std::thread thread;

  void settle(Napi::Env env) {
    if (failure) {
      deferred.Reject(error_of(env, failure).Value());
      return;
    }
    try {
      deferred.Resolve(finish(env));
    } catch (const Napi::Error& e) {
      deferred.Reject(e.Value());
    }
  }
};

// The destructor alone would come too late: Node deletes the thread-safe functions of a closing environment
// one by one and the instance data after the last of them, while this hook runs before the first.
Tasks::Tasks(Napi::Env env) {
  env.AddCleanupHook([this] { stop(); });
}

Tasks& Tasks::of(Napi::Env env) {
  return *env.GetInstanceData<Tasks>();
}

Tasks::~Tasks() {
  stop();
}

void Tasks::stop() {
  for (const auto& task : running_) *task->cancelled = true;
  for (const auto& task : running_) {
    if (task->thread.joinable()) task->thread.join();
  }
}

Napi::Promise Tasks::start(Napi::Env env, CancelFlag cancelled, std::vector<Napi::Object> kept, Work work) {
  running_.push_back(std::make_unique<Running>(env, std::move(cancelled), std::move(work)));
  const auto self = std::prev(running_.end());
  Running* task = self->get();
  for (const Napi::Object& object : kept) task->kept.push_back(Napi::Persistent(object));
  task->done = Napi::ThreadSafeFunction::New(env, Napi::Function(), "scumble", 0, 1);
  const Napi::Promise promise = task->deferred.Promise();
  const auto run = [this, self, task] {
    try {
      task->finish = task->work();
    } catch (...) {
      task->failure = std::current_exception();
    }
    task->work = nullptr;
    Napi::ThreadSafeFunction done = task->done;
    const auto settle = [this, self, task](Napi::Env js, Napi::Function) {
      task->thread.join();
      const std::unique_ptr<Running> finished = std::move(*self);
      running_.erase(self);
      finished->settle(js);
    };
    // When the environment is closing nobody listens any more, and `done` must not be touched again.
    if (done.NonBlockingCall(settle) == napi_ok) done.Release();
  };
  try {
    task->thread = std::thread(run);
  } catch (const std::system_error&) {  // no more threads to be had
    task->failure = std::current_exception();
    task->done.Release();
    task->settle(env);
    running_.erase(self);
  }
  return promise;
}

}  // namespace scumble::node

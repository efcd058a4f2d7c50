#include "task.h"

#include <exception>
#include <new>
#include <system_error>

#include "../core/error.h"
#include "errors.h"

namespace scumble::node {
namespace {

// A thread for one piece of work.
class OneOff final : public Worker {
 public:
  OneOff(CancelFlag cancelled, std::function<void()> work) : cancelled_(std::move(cancelled)) {
    thread_ = std::thread([this, work = std::move(work)] {
      work();
      ended_ = true;
    });
  }
  void stop() override { *cancelled_ = true; }
  bool ended() const override { return ended_; }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  CancelFlag cancelled_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace

struct Tasks::Promised {
  explicit Promised(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise::Deferred deferred;
  std::vector<Napi::ObjectReference> kept;
  Finish finish;
  std::exception_ptr failure;
};

// The destructor alone would come too late: Node deletes the thread-safe functions of a closing environment
// one by one and the instance data after the last of them, while this hook runs before the first.
Tasks::Tasks(Napi::Env env) {
  door_ = Napi::ThreadSafeFunction::New(env, Napi::Function(), "scumble", 0, 1);
  door_.Unref(env);
  env.AddCleanupHook([this] { stop(); });
}

Tasks& Tasks::of(Napi::Env env) {
  return *env.GetInstanceData<Tasks>();
}

Tasks::~Tasks() {
  stop();
}

void Tasks::stop() {
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  workers_.clear();
}

void Tasks::adopt(std::shared_ptr<Worker> worker) {
  reap();
  workers_.push_back(std::move(worker));
}

void Tasks::reap() {
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    if ((*worker)->ended()) {
      (*worker)->join();
      worker = workers_.erase(worker);
    } else {
      ++worker;
    }
  }
}

void Tasks::call(std::function<void(Napi::Env)> call) {
  door_.NonBlockingCall([call = std::move(call)](Napi::Env env, Napi::Function) { call(env); });
}

Napi::Object Tasks::start_cancellable(Napi::Env env, const char* name, const CancelFlag& cancelled,
                                      std::vector<Napi::Object> kept, Work work) {
  Napi::Object pending = Napi::Object::New(env);
  pending["cancel"] =
      Napi::Function::New(env, [cancelled](const Napi::CallbackInfo&) { *cancelled = true; }, "cancel");
  pending[name] = start(env, cancelled, std::move(kept), std::move(work));
  return pending;
}

Napi::Promise Tasks::promise(Napi::Env env, const std::vector<Napi::Object>& kept, Keep& keep) {
  const auto promised = std::make_shared<Promised>(env);
  for (const Napi::Object& object : kept) promised->kept.push_back(Napi::Persistent(object));
  if (promised_++ == 0) door_.Ref(env);
  keep = [this, promised](const Work& work) {
    try {
      promised->finish = work();
    } catch (...) {
      promised->failure = std::current_exception();
    }
    call([this, promised](Napi::Env js) { settle(js, promised); });
  };
  return promised->deferred.Promise();
}

void Tasks::settle(Napi::Env env, const std::shared_ptr<Promised>& promised) {
  if (--promised_ == 0) door_.Unref(env);
  promised->kept.clear();
  reap();
  if (!promised->failure) {
    try {
      promised->deferred.Resolve(promised->finish(env));
      return;
    } catch (const Napi::Error& e) {
      promised->deferred.Reject(e.Value());
      return;
    } catch (...) {
      promised->failure = std::current_exception();
    }
  }
  promised->deferred.Reject(error_of(env, promised->failure).Value());
}

Napi::Promise Tasks::start(Napi::Env env, CancelFlag cancelled, std::vector<Napi::Object> kept, Work work) {
  Keep keep;
  const Napi::Promise promised = promise(env, kept, keep);
  try {
    adopt(std::make_shared<OneOff>(std::move(cancelled), [keep, work = std::move(work)] { keep(work); }));
  } catch (const std::system_error& e) {  // no more threads to be had
    const std::string why = e.what();
    keep([why]() -> Finish { throw OutOfThreads(why); });
  }
  return promised;
}

}  // namespace scumble::node

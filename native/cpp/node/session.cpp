#include "session.h"

#include <system_error>

#include "../core/error.h"
#include "backend.h"
#include "errors.h"
#include "network.h"
#include "values.h"

namespace scumble::node {
namespace {

Napi::Object losses_value(Napi::Env env, const Losses& losses) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array terms = Napi::Array::New(env, losses.terms.size());
  for (uint32_t i = 0; i < losses.terms.size(); ++i) terms[i] = Napi::Number::New(env, losses.terms[i]);
  object["terms"] = terms;
  object["total"] = Napi::Number::New(env, losses.total);
  return object;
}

// A call that was still waiting when its session was disposed.
Session& alive(Session* session) {
  if (session == nullptr) throw Cancelled();
  return *session;
}

// The images of a session, and the JavaScript memory that they are views of.
SessionImages images(const Napi::Object& given, bool with_data, std::vector<Napi::Object>& kept) {
  SessionImages found;
  const auto keep = [&](const Napi::Object& image) {
    if (with_data) kept.push_back(image.Get("data").As<Napi::Object>());
  };
  const Napi::Object start = child(given, "start");
  found.start = picture(start, with_data);
  keep(start);
  const Napi::Array targets = list(given, "images");
  for (uint32_t i = 0; i < targets.Length(); ++i) {
    const Napi::Object image = targets.Get(i).As<Napi::Object>();
    found.targets.push_back(picture(image, with_data));
    keep(image);
  }
  const Napi::Array masks = list(given, "masks");
  for (uint32_t i = 0; i < masks.Length(); ++i) {
    const Napi::Object image = masks.Get(i).As<Napi::Object>();
    found.masks.push_back(mask(image, with_data));
    keep(image);
  }
  return found;
}

}  // namespace

Napi::Function SessionObject::define(Napi::Env env) {
  return DefineClass(
      env, "Session",
      {StaticMethod<&SessionObject::create>("create"), StaticMethod<&SessionObject::estimate>("estimate"),
       InstanceMethod<&SessionObject::step>("step"), InstanceMethod<&SessionObject::proceed>("proceed"),
       InstanceMethod<&SessionObject::image>("image"), InstanceMethod<&SessionObject::save>("save"),
       InstanceMethod<&SessionObject::restore>("restore"),
       InstanceMethod<&SessionObject::gradient>("gradient"), InstanceMethod<&SessionObject::cancel>("cancel"),
       InstanceMethod<&SessionObject::dispose>("dispose")});
}

SessionObject::SessionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Session.create()");
  const Made& made = *info[0].As<Napi::External<Made>>().Data();
  thread_ = made.thread;
  bytes_ = made.bytes;
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes_);
}

// Nothing is pending, or it would have kept the object: the thread frees what it has and ends by itself.
void SessionObject::Finalize(Napi::BasicEnv env) {
  if (!thread_) return;
  thread_->dispose();
  let_go(env);
}

void SessionObject::let_go(Napi::BasicEnv env) {
  thread_ = nullptr;
  Napi::MemoryManagement::AdjustExternalMemory(env, -bytes_);
}

// create(networks, { start, images, masks, ...options }): { session: Promise<Session>, cancel(): void }, so
// that the targets, which may take long, can be cancelled too.
Napi::Value SessionObject::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NetworkObject::Loaded loaded = NetworkObject::of_list(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const SessionOptions options = session_options(given);
  std::vector<Napi::Object> kept;
  const SessionImages views = images(given, true, kept);
  Tasks& tasks = Tasks::of(env);
  Tasks::Keep keep;
  const Napi::Promise promised = tasks.promise(env, kept, keep);
  Napi::Object pending = Napi::Object::New(env);
  pending["session"] = promised;
  std::shared_ptr<SessionThread> thread;
  try {
    thread = std::make_shared<SessionThread>();
  } catch (const std::system_error& e) {
    const std::string why = e.what();
    keep([why]() -> Finish { throw OutOfThreads(why); });
    pending["cancel"] = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
    return pending;
  }
  tasks.adopt(thread);
  thread->queue([=](Session*) {
    keep([&]() -> Finish {
      int64_t bytes = 0;
      try {
        auto session =
            std::make_unique<Session>(*loaded.backend, loaded.networks, options, views, *thread->cancelled());
        if (loaded.backend->in_host_memory()) bytes = static_cast<int64_t>(session->bytes());
        thread->own(std::move(session));
      } catch (...) {
        thread->dispose();
        throw;
      }
      return [made = Made{thread, bytes}](Napi::Env js) -> Napi::Value {
        Made copy = made;
        return Tasks::of(js).constructors.session.New({Napi::External<Made>::New(js, &copy)});
      };
    });
  });
  pending["cancel"] =
      Napi::Function::New(env, [weak = std::weak_ptr<SessionThread>(thread)](const Napi::CallbackInfo&) {
        if (const auto there = weak.lock()) there->cancel();
      });
  return pending;
}

// estimate(backend, descriptions, { start, images, masks, ...options }): { network, session, targets }, in bytes, from
// sizes alone.
Napi::Value SessionObject::estimate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto backend = BackendObject::of(info[0]);
  std::vector<Architecture> architectures;
  if (!info[1].IsArray()) throw Napi::TypeError::New(env, "networks must be an array");
  const Napi::Array descriptions = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < descriptions.Length(); ++i)
    architectures.push_back(architecture(descriptions.Get(i).As<Napi::Object>()));
  Architectures networks;
  for (const Architecture& one : architectures) networks.push_back(&one);
  const Napi::Object given = info[2].As<Napi::Object>();
  std::vector<Napi::Object> kept;
  const SessionOptions options = session_options(given);
  const SessionImages sizes = images(given, false, kept);
  try {
    const MemoryEstimate estimate = Session::estimate(*backend, networks, options, sizes);
    Napi::Object result = Napi::Object::New(env);
    result["network"] = Napi::Number::New(env, static_cast<double>(estimate.network));
    result["session"] = Napi::Number::New(env, static_cast<double>(estimate.session));
    result["targets"] = Napi::Number::New(env, static_cast<double>(estimate.targets));
    return result;
  } catch (...) {
    throw error_of(env, std::current_exception());
  }
}

// Puts a call on the session into its queue, or has it look on the way. The promise keeps the object.
Napi::Promise SessionObject::call(const Napi::CallbackInfo& info, Turn turn, Call call,
                                  std::vector<Napi::Object> kept) {
  if (!thread_) throw Napi::Error::New(info.Env(), "the session is disposed");
  kept.push_back(info.This().As<Napi::Object>());
  Tasks::Keep keep;
  const Napi::Promise promised = Tasks::of(info.Env()).promise(info.Env(), kept, keep);
  SessionThread::Job job = [keep, call = std::move(call)](Session* session) {
    keep([&] { return call(alive(session)); });
  };
  if (turn == Turn::look) {
    thread_->look(std::move(job));
  } else {
    thread_->queue(std::move(job));
  }
  return promised;
}

// step(count, watch?): watch(iteration, losses) after every iteration; the session then stands there until
// proceed().
Napi::Value SessionObject::step(const Napi::CallbackInfo& info) {
  const int count = integer(info[0], "count", 1, 1'000'000'000);
  SessionThread::Watch watch;
  if (info[1].IsFunction()) {
    Tasks* const tasks = &Tasks::of(info.Env());
    // It belongs to the JavaScript thread, wherever the last one to hold it is.
    const std::shared_ptr<Napi::FunctionReference> listener(
        new Napi::FunctionReference(Napi::Persistent(info[1].As<Napi::Function>())),
        [tasks](Napi::FunctionReference* done) { tasks->call([done](Napi::Env) { delete done; }); });
    watch = [tasks, listener](int iteration, const Losses& losses) {
      tasks->call([=](Napi::Env env) {
        listener->Call({Napi::Number::New(env, iteration), losses_value(env, losses)});
      });
    };
  }
  SessionThread* const thread = thread_.get();
  return call(info, Turn::queue, [=](Session&) -> Finish {
    const Losses losses = thread->step(count, watch);
    return [losses](Napi::Env env) -> Napi::Value { return losses_value(env, losses); };
  });
}

void SessionObject::proceed(const Napi::CallbackInfo&) {
  if (thread_) thread_->proceed();
}

Napi::Value SessionObject::image(const Napi::CallbackInfo& info) {
  return call(info, Turn::look, [](Session& session) { return floats_of(session.result().values()); });
}

// save(): { vectors: Record<string, Float32Array>, numbers: Record<string, number[]> }
Napi::Value SessionObject::save(const Napi::CallbackInfo& info) {
  return call(info, Turn::look, [](Session& session) { return state_value(session.save()); });
}

Napi::Value SessionObject::restore(const Napi::CallbackInfo& info) {
  const auto state = std::make_shared<State>(state_of(info[0].As<Napi::Object>()));
  return call(info, Turn::queue, [state](Session& session) -> Finish {
    session.restore(*state);
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

// The gradient of the last step with respect to the picture, for tests against golden data.
Napi::Value SessionObject::gradient(const Napi::CallbackInfo& info) {
  return call(info, Turn::queue, [](Session& session) {
    std::vector<float> values(session.elements());
    session.read_gradient(values.data());
    return floats_of(std::move(values));
  });
}

void SessionObject::cancel(const Napi::CallbackInfo&) {
  if (thread_) thread_->cancel();
}

// Resolves when the memory is given back. Calls in progress end first, cancelled.
Napi::Value SessionObject::dispose(const Napi::CallbackInfo& info) {
  Tasks::Keep keep;
  const Napi::Promise promised = Tasks::of(info.Env()).promise(info.Env(), {}, keep);
  const auto done = [keep] {
    keep([]() -> Finish { return [](Napi::Env env) { return env.Undefined(); }; });
  };
  const std::shared_ptr<SessionThread> thread = thread_;
  if (!thread) {
    done();
    return promised;
  }
  let_go(info.Env());
  thread->dispose([done](Session*) { done(); });
  return promised;
}

}  // namespace scumble::node

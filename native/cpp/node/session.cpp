#include "session.h"

#include "../core/error.h"
#include "backend.h"
#include "network.h"
#include "values.h"

namespace scumble::node {
namespace {

using Held = SessionObject::Held;

Napi::Array numbers(Napi::Env env, const std::vector<double>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) array[i] = Napi::Number::New(env, values[i]);
  return array;
}

Finish losses_of(const Losses& losses) {
  return [losses](Napi::Env env) -> Napi::Value {
    Napi::Object object = Napi::Object::New(env);
    object["content"] = numbers(env, losses.content);
    object["style"] = numbers(env, losses.style);
    object["tv"] = Napi::Number::New(env, losses.tv);
    object["total"] = Napi::Number::New(env, losses.total);
    return object;
  };
}

// A call that was still waiting when its session was disposed.
Session& alive(const Held& held) {
  if (!held.session) throw Cancelled();
  return *held.session;
}

}  // namespace

Napi::Function SessionObject::define(Napi::Env env) {
  return DefineClass(
      env, "Session",
      {StaticMethod<&SessionObject::create>("create"), StaticMethod<&SessionObject::estimate>("estimate"),
       StaticMethod<&SessionObject::channel_means>("channelMeans"),
       InstanceMethod<&SessionObject::step>("step"), InstanceMethod<&SessionObject::image>("image"),
       InstanceMethod<&SessionObject::gradient>("gradient"), InstanceMethod<&SessionObject::cancel>("cancel"),
       InstanceMethod<&SessionObject::dispose>("dispose")});
}

SessionObject::SessionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Session.create()");
  held_ = *info[0].As<Napi::External<std::shared_ptr<Held>>>().Data();
  bytes_ = static_cast<int64_t>(held_->session->bytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes_);
}

void SessionObject::Finalize(Napi::BasicEnv env) {
  if (held_) {
    *held_->cancelled = true;
    Napi::MemoryManagement::AdjustExternalMemory(env, -bytes_);
  }
}

const std::shared_ptr<Held>& SessionObject::held(const Napi::CallbackInfo& info) const {
  if (!held_) throw Napi::Error::New(info.Env(), "the session is disposed");
  return held_;
}

// create(network, { content, styles, start, ...options }): { session: Promise<Session>, cancel(): void }, so
// that the targets, which may take long, can be cancelled too.
Napi::Value SessionObject::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto loaded = NetworkObject::of(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const SessionOptions options = session_options(given);
  const PictureView content = picture(child(given, "content"), true);
  const PictureView start = picture(child(given, "start"), true);
  const Napi::Array styles = list(given, "styles");
  const std::vector<StyleImage> style = style_images(styles, true);
  std::vector<Napi::Object> kept = {child(given, "content").Get("data").As<Napi::Object>(),
                                    child(given, "start").Get("data").As<Napi::Object>()};
  for (uint32_t i = 0; i < styles.Length(); ++i) {
    kept.push_back(styles.Get(i).As<Napi::Object>().Get("data").As<Napi::Object>());
  }
  const auto held = std::make_shared<Held>();
  const Work work = [=]() -> Finish {
    held->session = std::make_unique<Session>(*loaded.backend, loaded.network, options, content, style, start,
                                              *held->cancelled);
    return [held](Napi::Env js) -> Napi::Value {
      auto copy = held;
      return Tasks::of(js).constructors.session.New({Napi::External<std::shared_ptr<Held>>::New(js, &copy)});
    };
  };
  Napi::Object pending = Napi::Object::New(env);
  pending["session"] = Tasks::of(env).start(env, held->cancelled, std::move(kept), work);
  pending["cancel"] =
      Napi::Function::New(env, [held](const Napi::CallbackInfo&) { *held->cancelled = true; });
  return pending;
}

Napi::Value SessionObject::estimate(const Napi::CallbackInfo& info) {
  const auto backend = BackendObject::of(info[0]);
  const Napi::Object given = info[2].As<Napi::Object>();
  try {
    const MemoryEstimate estimate = Session::estimate(
        *backend, architecture(info[1].As<Napi::Object>()), session_options(given),
        picture(child(given, "content"), false), style_images(list(given, "styles"), false));
    Napi::Object result = Napi::Object::New(info.Env());
    result["network"] = Napi::Number::New(info.Env(), static_cast<double>(estimate.network));
    result["session"] = Napi::Number::New(info.Env(), static_cast<double>(estimate.session));
    return result;
  } catch (const std::exception& e) {
    throw Napi::Error::New(info.Env(), e.what());
  }
}

// channelMeans(network, { content, ...options }): the mean of each channel of the content terms' layers.
Napi::Value SessionObject::channel_means(const Napi::CallbackInfo& info) {
  const auto loaded = NetworkObject::of(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const SessionOptions options = session_options(given);
  const PictureView content = picture(child(given, "content"), true);
  const auto never = std::make_shared<std::atomic<bool>>(false);
  std::vector<Napi::Object> kept = {child(given, "content").Get("data").As<Napi::Object>()};
  return Tasks::of(info.Env()).start(info.Env(), never, std::move(kept), [=]() -> Finish {
    const auto means = Session::channel_means(*loaded.backend, loaded.network, options, content, *never);
    return [means](Napi::Env env) -> Napi::Value {
      Napi::Array layers = Napi::Array::New(env, means.size());
      for (uint32_t i = 0; i < means.size(); ++i) layers[i] = numbers(env, means[i]);
      return layers;
    };
  });
}

// step(count)
Napi::Value SessionObject::step(const Napi::CallbackInfo& info) {
  const auto held = this->held(info);
  const int count = integer(info[0], "count", 1, 1'000'000'000);
  return Tasks::of(info.Env()).start(info.Env(), held->cancelled, {}, [held, count]() -> Finish {
    const std::lock_guard<std::mutex> lock(held->mutex);
    return losses_of(alive(*held).step(*held->cancelled, count));
  });
}

Napi::Value SessionObject::image(const Napi::CallbackInfo& info) {
  const auto held = this->held(info);
  return Tasks::of(info.Env()).start(info.Env(), held->cancelled, {}, [held]() -> Finish {
    const auto result = [&] {
      const std::lock_guard<std::mutex> lock(held->mutex);
      return alive(*held).result();
    };
    return floats_of(result().values());  // while the next call goes on
  });
}

// The gradient of the last step with respect to the picture, for tests against golden data.
Napi::Value SessionObject::gradient(const Napi::CallbackInfo& info) {
  const auto held = this->held(info);
  return Tasks::of(info.Env()).start(info.Env(), held->cancelled, {}, [held]() -> Finish {
    const std::lock_guard<std::mutex> lock(held->mutex);
    std::vector<float> values(alive(*held).elements());
    held->session->read_gradient(values.data());
    return floats_of(std::move(values));
  });
}

void SessionObject::cancel(const Napi::CallbackInfo&) {
  if (held_) *held_->cancelled = true;
}

// Resolves when the memory is given back. Calls in progress end first, cancelled.
Napi::Value SessionObject::dispose(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Held> held = std::move(held_);
  held_ = nullptr;
  if (held) {
    *held->cancelled = true;
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -bytes_);
  }
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, {}, [held]() -> Finish {
    if (held) {
      const std::lock_guard<std::mutex> lock(held->mutex);
      held->session.reset();
    }
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

}  // namespace scumble::node

#include "recognition.h"

#include <algorithm>

#include "../core/recognition.h"
#include "backend.h"
#include "errors.h"
#include "network.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

constexpr int kMostClasses = 1 << 17;
constexpr int kMostThreads = 1024;

Napi::Object value_of(Napi::Env env, Recognized found) {
  Napi::Float64Array logits = Napi::Float64Array::New(env, found.logits.size());
  std::copy(found.logits.begin(), found.logits.end(), logits.Data());
  Napi::Array likely = Napi::Array::New(env, found.likely.size());
  for (uint32_t i = 0; i < found.likely.size(); ++i) {
    Napi::Object one = Napi::Object::New(env);
    one["index"] = Napi::Number::New(env, found.likely[i].index);
    one["heat"] = floats_value(env, std::move(found.likely[i].heat));
    likely[i] = one;
  }
  Napi::Object made = Napi::Object::New(env);
  made["logits"] = logits;
  made["width"] = Napi::Number::New(env, found.width);
  made["height"] = Napi::Number::New(env, found.height);
  made["likely"] = likely;
  return made;
}

}  // namespace

Napi::Value recognize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NetworkObject::Loaded loaded = NetworkObject::of_one(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const PictureView image = picture(child(given, "image"), true);
  const int top = integer(given, "top", 1, kMostClasses);
  const int threads = integer(given, "threads", 1, kMostThreads);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start_cancellable(
      env, "recognized", cancelled, {child(given, "image").Get("data").As<Napi::Object>()}, [=]() -> Finish {
        const auto found = std::make_shared<Recognized>(
            recognize(*loaded.backend, loaded.networks[0], top, threads, image, *cancelled));
        return [found](Napi::Env js) -> Napi::Value { return value_of(js, std::move(*found)); };
      });
}

Napi::Value recognition_bytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto backend = BackendObject::of(info[0]);
  const Architecture shape = architecture(info[1].As<Napi::Object>());
  const Napi::Object given = info[2].As<Napi::Object>();
  const PictureView size = picture(child(given, "image"), false);
  const int threads = integer(given, "threads", 1, kMostThreads);
  try {
    return Napi::Number::New(
        env, static_cast<double>(recognition_bytes(*backend, shape, threads, size.width, size.height)));
  } catch (...) {
    throw error_of(env, std::current_exception());
  }
}

}  // namespace scumble::node

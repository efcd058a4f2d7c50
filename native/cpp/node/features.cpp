#include "features.h"

#include "../core/error.h"
#include "../core/features.h"
#include "backend.h"
#include "errors.h"
#include "network.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

FeatureRequest request(const Napi::Object& given) {
  FeatureRequest found;
  found.pooling = pooling(given);
  found.rounding = rounding(given);
  found.threads = integer(given, "threads", 1, 1024);
  const Napi::Array layers = list(given, "layers");
  for (uint32_t i = 0; i < layers.Length(); ++i) found.layers.push_back(layers.Get(i).ToString().Utf8Value());
  if (found.layers.empty())
    throw Napi::TypeError::New(given.Env(), "layers must be an array of at least one");
  return found;
}

}  // namespace

Napi::Value features(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NetworkObject::Loaded loaded = NetworkObject::of_one(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const FeatureRequest wanted = request(given);
  const PictureView image = picture(child(given, "image"), true);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start_cancellable(
      env, "features", cancelled, {child(given, "image").Get("data").As<Napi::Object>()}, [=]() -> Finish {
        const auto found = std::make_shared<std::vector<Features>>(
            features_of(*loaded.backend, loaded.networks[0], wanted, image, *cancelled));
        return [found](Napi::Env js) -> Napi::Value {
          Napi::Array layers = Napi::Array::New(js, found->size());
          for (uint32_t i = 0; i < found->size(); ++i) {
            Features& layer = (*found)[i];
            Napi::Object object = Napi::Object::New(js);
            object["width"] = Napi::Number::New(js, layer.shape.width);
            object["height"] = Napi::Number::New(js, layer.shape.height);
            object["channels"] = Napi::Number::New(js, layer.shape.channels);
            object["data"] = floats_value(js, std::move(layer.values));
            layers[i] = object;
          }
          return layers;
        };
      });
}

Napi::Value feature_bytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto backend = BackendObject::of(info[0]);
  const Architecture shape = architecture(info[1].As<Napi::Object>());
  const Napi::Object given = info[2].As<Napi::Object>();
  const FeatureRequest wanted = request(given);
  const PictureView size = picture(child(given, "image"), false);
  try {
    return Napi::Number::New(
        env, static_cast<double>(features_bytes(*backend, shape, wanted, size.width, size.height)));
  } catch (...) {
    throw error_of(env, std::current_exception());
  }
}

}  // namespace scumble::node

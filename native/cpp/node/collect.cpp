#include "collect.h"

#include "../core/targets.h"
#include "network.h"
#include "task.h"
#include "values.h"

namespace scumble::node {

Napi::Value collect(const Napi::CallbackInfo& info) {
  const NetworkObject::Loaded loaded = NetworkObject::of_list(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  const Setup how = setup(given);
  const PictureView image = picture(child(given, "image"), true);
  std::vector<Napi::Object> kept = {child(given, "image").Get("data").As<Napi::Object>()};
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, std::move(kept), [=]() -> Finish {
    const auto found = std::make_shared<std::vector<TargetValues>>(
        scumble::collect(*loaded.backend, loaded.networks, how, {}, image, 0, *never));
    return [found](Napi::Env env) -> Napi::Value {
      Napi::Array terms = Napi::Array::New(env, found->size());
      for (uint32_t t = 0; t < found->size(); ++t) {
        TargetValues& parts = (*found)[t];
        Napi::Array list = Napi::Array::New(env, parts.size());
        for (uint32_t k = 0; k < parts.size(); ++k) list[k] = floats_value(env, std::move(parts[k]));
        terms[t] = list;
      }
      return terms;
    };
  });
}

}  // namespace scumble::node

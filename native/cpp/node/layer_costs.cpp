#include "layer_costs.h"

#include "../core/layer_costs.h"
#include "network.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

Napi::Value values_of(Napi::Env env, const std::vector<LayerCost>& costs) {
  Napi::Array list = Napi::Array::New(env, costs.size());
  for (uint32_t i = 0; i < costs.size(); ++i) {
    const LayerCost& cost = costs[i];
    Napi::Object layer = Napi::Object::New(env);
    layer["name"] = Napi::String::New(env, cost.name);
    layer["width"] = Napi::Number::New(env, cost.shape.width);
    layer["height"] = Napi::Number::New(env, cost.shape.height);
    layer["channels"] = Napi::Number::New(env, cost.shape.channels);
    layer["bytes"] = Napi::Number::New(env, static_cast<double>(cost.bytes));
    layer["seconds"] = Napi::Number::New(env, cost.seconds);
    list[i] = layer;
  }
  return list;
}

}  // namespace

Napi::Value layer_costs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NetworkObject::Loaded loaded = NetworkObject::of_one(info[0]);
  const Napi::Object given = info[1].As<Napi::Object>();
  FeatureRequest request;
  request.pooling = pooling(given);
  request.rounding = rounding(given);
  request.threads = integer(given, "threads", 1, 1024);
  const int width = integer(given, "width", 1, 1 << 16);
  const int height = integer(given, "height", 1, 1 << 16);
  const int passes = integer(given, "passes", 1, 1000);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start_cancellable(env, "costs", cancelled, {}, [=]() -> Finish {
    const auto found = std::make_shared<std::vector<LayerCost>>(scumble::layer_costs(
        *loaded.backend, loaded.networks[0], request, width, height, passes, *cancelled));
    return [found](Napi::Env js) -> Napi::Value { return values_of(js, *found); };
  });
}

}  // namespace scumble::node

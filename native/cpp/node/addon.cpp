// What JavaScript sees of the engine; lib/addon.ts is its typed view.
#include "../core/error.h"
#include "../core/laplacian.h"
#include "../core/losses/loss.h"
#include "../core/noise.h"
#include "../cpu/isa.h"
#include "api.h"
#include "backend.h"
#include "collect.h"
#include "features.h"
#include "layer_costs.h"
#include "network.h"
#include "recognition.h"
#include "reservation.h"
#include "self_check.h"
#include "session.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

// resample(backend, { data, width, height, channels }, width, height, { filter, range: [low, high] }, threads):
// Promise<Float32Array>
Napi::Value resample(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto backend = BackendObject::of(info[0]);
  const Napi::Object from = info[1].As<Napi::Object>();
  const int width = integer(from, "width", 1, 1 << 20);
  const int height = integer(from, "height", 1, 1 << 20);
  const int channels = integer(from, "channels", 1, 4);
  const Napi::Float32Array data =
      floats(from, static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels));
  const int to_width = integer(info[2], "width", 1, 1 << 20);
  const int to_height = integer(info[3], "height", 1, 1 << 20);
  const Resampling how = resampling(info[4].As<Napi::Object>());
  const int threads = integer(info[5], "threads", 1, 1024);
  const float* pixels = data.Data();
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start(env, never, {data}, [=]() -> Finish {
    return floats_of(backend->resample(pixels, width, height, channels, to_width, to_height, how, threads));
  });
}

// whiteNoise(width, height, [r, g, b], deviation, seed): Promise<Float32Array>
Napi::Value white(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int width = integer(info[0], "width", 1, 1 << 20);
  const int height = integer(info[1], "height", 1, 1 << 20);
  const std::array<float, 3> mean = triple(info[2], "mean");
  const float deviation = info[3].ToNumber().FloatValue();
  const uint64_t seed = static_cast<uint64_t>(info[4].ToNumber().Int64Value());
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start(env, never, {}, [=]() -> Finish {
    return floats_of(white_noise(width, height, mean, deviation, seed));
  });
}

// uniformNoise(width, height, [low, high], seed): Promise<Float32Array>
Napi::Value uniform(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int width = integer(info[0], "width", 1, 1 << 20);
  const int height = integer(info[1], "height", 1, 1 << 20);
  const std::pair<float, float> bounds = range(info[2]);
  const uint64_t seed = static_cast<uint64_t>(info[3].ToNumber().Int64Value());
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start(env, never, {}, [=]() -> Finish {
    return floats_of(uniform_noise(width, height, bounds.first, bounds.second, seed));
  });
}

// truncatedNoise(width, height, [r, g, b], [deviations], [low, high], seed): Promise<Float32Array>
Napi::Value truncated(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int width = integer(info[0], "width", 1, 1 << 20);
  const int height = integer(info[1], "height", 1, 1 << 20);
  const std::array<float, 3> mean = triple(info[2], "mean");
  const std::array<float, 3> deviation = triple(info[3], "deviation");
  const std::pair<float, float> bounds = range(info[4]);
  const uint64_t seed = static_cast<uint64_t>(info[5].ToNumber().Int64Value());
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start(env, never, {}, [=]() -> Finish {
    return floats_of(truncated_noise(width, height, mean, deviation, bounds.first, bounds.second, seed));
  });
}

// addDetail({ data, width, height }, { data, width, height }): Promise<Float32Array>
Napi::Value add_detail(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object to = info[0].As<Napi::Object>();
  const Napi::Object of = info[1].As<Napi::Object>();
  const PictureView picture = scumble::node::picture(to, true);
  const PictureView other = scumble::node::picture(of, true);
  if (picture.width != other.width || picture.height != other.height)
    throw Napi::RangeError::New(env, "both pictures must have one size");
  const auto never = std::make_shared<std::atomic<bool>>(false);
  const std::vector<Napi::Object> kept = {to.Get("data").As<Napi::Object>(),
                                          of.Get("data").As<Napi::Object>()};
  return Tasks::of(env).start(env, never, kept, [=]() -> Finish {
    std::vector<float> sum = finest_detail(other.data, other.height, other.width);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += picture.data[i];
    return floats_of(std::move(sum));
  });
}

// withoutDetail({ data, width, height }, details): Promise<Float32Array>
Napi::Value without_detail(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object of = info[0].As<Napi::Object>();
  const PictureView picture = scumble::node::picture(of, true);
  const int details = integer(info[1], "details", 0, 1 << 20);
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(env).start(env, never, {of.Get("data").As<Napi::Object>()}, [=]() -> Finish {
    return floats_of(without_details(picture.data, picture.height, picture.width, details));
  });
}

// pyramidLevels(width, height, details): { width, height }[]
Napi::Value pyramid_levels(const Napi::CallbackInfo& info) {
  const int width = integer(info[0], "width", 1, 1 << 20);
  const int height = integer(info[1], "height", 1, 1 << 20);
  const Pyramid pyramid(height, width, integer(info[2], "details", 0, 1 << 20));
  Napi::Array list = Napi::Array::New(info.Env());
  for (const PyramidLevel& level : pyramid.levels()) {
    Napi::Object size = Napi::Object::New(info.Env());
    size["width"] = Napi::Number::New(info.Env(), level.width);
    size["height"] = Napi::Number::New(info.Env(), level.height);
    list[list.Length()] = size;
  }
  return list;
}

Napi::Array kinds(Napi::Env env) {
  const std::vector<std::string> names = loss_kinds();
  Napi::Array list = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); ++i) {
    Napi::Object kind = Napi::Object::New(env);
    kind["name"] = Napi::String::New(env, names[i]);
    kind["takesMasks"] = Napi::Boolean::New(env, loss_of(names[i]).takes_masks());
    list[i] = kind;
  }
  return list;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto* tasks = new Tasks(env);
  env.SetInstanceData(tasks);
  const Napi::Function backend = BackendObject::define(env);
  const Napi::Function network = NetworkObject::define(env);
  const Napi::Function reservation = ReservationObject::define(env);
  const Napi::Function session = SessionObject::define(env);
  tasks->constructors.backend = Napi::Persistent(backend);
  tasks->constructors.network = Napi::Persistent(network);
  tasks->constructors.reservation = Napi::Persistent(reservation);
  tasks->constructors.session = Napi::Persistent(session);
  exports["Backend"] = backend;
  exports["Network"] = network;
  exports["Reservation"] = reservation;
  exports["Session"] = session;
  exports["lossKinds"] = kinds(env);
  exports["layers"] = Napi::Function::New<layers>(env);
  exports["collect"] = Napi::Function::New<collect>(env);
  exports["features"] = Napi::Function::New<features>(env);
  exports["layerCosts"] = Napi::Function::New<layer_costs>(env);
  exports["featureBytes"] = Napi::Function::New<feature_bytes>(env);
  exports["recognize"] = Napi::Function::New<recognize>(env);
  exports["recognitionBytes"] = Napi::Function::New<recognition_bytes>(env);
  exports["devices"] = Napi::Function::New<devices>(env);
  exports["selfCheck"] = Napi::Function::New<self_check>(env);
  exports["useKernels"] = Napi::Function::New<use_kernels>(env);
  exports["resample"] = Napi::Function::New<resample>(env);
  exports["whiteNoise"] = Napi::Function::New<white>(env);
  exports["uniformNoise"] = Napi::Function::New<uniform>(env);
  exports["truncatedNoise"] = Napi::Function::New<truncated>(env);
  exports["withoutDetail"] = Napi::Function::New<without_detail>(env);
  exports["addDetail"] = Napi::Function::New<add_detail>(env);
  exports["pyramidLevels"] = Napi::Function::New<pyramid_levels>(env);
  try {
    exports["instructionSet"] = Napi::String::New(env, cpu::isa().name);
  } catch (const InvalidArgument& e) {
    throw Napi::Error::New(env, e.what());
  }
  return exports;
}

}  // namespace

NODE_API_MODULE(scumble, initialise)

}  // namespace scumble::node

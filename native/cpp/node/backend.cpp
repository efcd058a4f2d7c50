#include "backend.h"

#include "../core/error.h"
#include "../cpu/backend.h"
#include "task.h"
#include "values.h"
#ifdef SCUMBLE_CUDA
#include "../../cuda/host/backend.h"
#endif
// Plain C++, so it is there to say what a build without CUDA has found: nothing.
#include "../../cuda/host/devices.h"

namespace scumble::node {
namespace {

// Tells a Backend from other wrapped objects.
constexpr napi_type_tag kTag = {0x1f5a9a0c3b7d4e62, 0xa3d95e4187c20b6f};

// What the user permits to be less exact; a device computes as exactly as it can without losing speed.
enum class Permission { exact, balanced, fast };

Permission permission(const Napi::Env& env, const std::string& name) {
  if (name == "exact") return Permission::exact;
  if (name == "balanced") return Permission::balanced;
  if (name == "fast") return Permission::fast;
  throw Napi::TypeError::New(env, "precision cannot be " + name);
}

#ifdef SCUMBLE_CUDA
// float32 where there are no matrix units: there, nothing else is faster.
cuda::Precision precision_of(int device, Permission permission) {
  const cuda::Devices all = cuda::devices();
  const size_t index = static_cast<size_t>(device);
  if (permission == Permission::exact || index >= all.found.size() || !all.found[index].has_mma()) {
    return cuda::Precision::float32;
  }
  return permission == Permission::fast ? cuda::Precision::bf16 : cuda::Precision::tf32;
}
#endif

std::shared_ptr<const Backend> make_backend(int device, Permission permission) {
  if (device < 0) {
    const auto precision = permission == Permission::fast ? cpu::Precision::fast : cpu::Precision::exact;
    return std::make_shared<cpu::CpuBackend>(cpu::kernels(), precision);
  }
#ifdef SCUMBLE_CUDA
  return std::make_shared<cuda::CudaBackend>(device, precision_of(device, permission));
#else
  throw InvalidArgument("this build has no CUDA");
#endif
}

cuda::Devices found() {
#ifdef SCUMBLE_CUDA
  return cuda::devices();
#else
  return {};
#endif
}

}  // namespace

Napi::Function BackendObject::define(Napi::Env env) {
  return DefineClass(env, "Backend", {StaticMethod<&BackendObject::open>("open")});
}

BackendObject::BackendObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BackendObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Backend.open()");
  backend_ = *info[0].As<Napi::External<std::shared_ptr<const Backend>>>().Data();
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

const std::shared_ptr<const Backend>& BackendObject::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), "the backend must be one that Backend.open() made");
  }
  return Unwrap(value.As<Napi::Object>())->backend_;
}

// `device`: -1 is the CPU, others are CUDA's.
Napi::Value BackendObject::open(const Napi::CallbackInfo& info) {
  const int device = integer(info[0], "device", -1, 1024);
  const Permission permitted = permission(info.Env(), info[1].ToString().Utf8Value());
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, {}, [=]() -> Finish {
    const auto backend = make_backend(device, permitted);
    return [backend](Napi::Env env) -> Napi::Value {
      auto copy = backend;
      return Tasks::of(env).constructors.backend.New(
          {Napi::External<std::shared_ptr<const Backend>>::New(env, &copy)});
    };
  });
}

// CUDA versions are 1000 * major + 10 * minor; 0 is none.
Napi::Value devices(const Napi::CallbackInfo& info) {
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, {}, []() -> Finish {
    const cuda::Devices all = found();
    return [all](Napi::Env env) -> Napi::Value {
      Napi::Array list = Napi::Array::New(env, all.found.size());
      for (uint32_t i = 0; i < all.found.size(); ++i) {
        const cuda::Device& device = all.found[i];
        Napi::Object object = Napi::Object::New(env);
        object["index"] = Napi::Number::New(env, device.index);
        object["name"] = Napi::String::New(env, device.name);
        object["major"] = Napi::Number::New(env, device.major);
        object["minor"] = Napi::Number::New(env, device.minor);
        object["memory"] = Napi::Number::New(env, static_cast<double>(device.memory));
        object["free"] = Napi::Number::New(env, static_cast<double>(device.free));
        object["problem"] = Napi::String::New(env, device.problem);
        list[i] = object;
      }
      Napi::Object result = Napi::Object::New(env);
      result["found"] = list;
      result["driver"] = Napi::Number::New(env, all.driver);
      result["runtime"] = Napi::Number::New(env, all.runtime);
      result["problem"] = Napi::String::New(env, all.problem);
      return result;
    };
  });
}

}  // namespace scumble::node

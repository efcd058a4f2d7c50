#include "self_check.h"

#include "../core/backends.h"
#include "../core/error.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

const BackendKind& cuda() {
  const BackendKind* const kind = find_backend("cuda");
  if (kind == nullptr) throw InvalidArgument("this build has no CUDA");
  return *kind;
}

}  // namespace

// selfCheck(device, thorough): Promise<[{ kernel, portable, error, tolerance, good }]>
Napi::Value self_check(const Napi::CallbackInfo& info) {
  const int device = integer(info[0], "device", 0, 1024);
  const bool thorough = info[1].ToBoolean();
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, {}, [=]() -> Finish {
    const std::vector<Comparison> found = cuda().self_check(device, thorough);
    return [found](Napi::Env env) -> Napi::Value {
      Napi::Array list = Napi::Array::New(env, found.size());
      for (uint32_t i = 0; i < found.size(); ++i) {
        Napi::Object object = Napi::Object::New(env);
        object["kernel"] = Napi::String::New(env, found[i].kernel);
        object["portable"] = Napi::Boolean::New(env, found[i].portable);
        object["error"] = Napi::Number::New(env, found[i].error);
        object["tolerance"] = Napi::Number::New(env, found[i].tolerance);
        object["good"] = Napi::Boolean::New(env, found[i].good());
        list[i] = object;
      }
      return list;
    };
  });
}

// useKernels(device, 'fast' | 'portable')
void use_kernels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int device = integer(info[0], "device", 0, 1024);
  const std::string kernels = info[1].ToString();
  if (kernels != "fast" && kernels != "portable") {
    throw Napi::TypeError::New(env, "kernels cannot be " + kernels);
  }
  try {
    cuda().use_portable_kernels(device, kernels == "portable");
  } catch (const InvalidArgument& e) {
    throw Napi::Error::New(env, e.what());
  }
}

}  // namespace scumble::node

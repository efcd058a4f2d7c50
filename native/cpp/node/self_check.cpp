#include "self_check.h"

#include "../core/error.h"
#include "task.h"
#include "values.h"
#ifdef SCUMBLE_CUDA
#include "../../cuda/ops/kernel_set.h"
#endif
// Plain C++, as a build without CUDA must name the type of what it does not do.
#include "../../cuda/check/self_check.h"

namespace scumble::node {
namespace {

std::vector<cuda::Comparison> comparisons(int device, bool thorough) {
#ifdef SCUMBLE_CUDA
  return cuda::self_check(device, thorough);
#else
  static_cast<void>(device);
  static_cast<void>(thorough);
  throw InvalidArgument("this build has no CUDA");
#endif
}

}  // namespace

// selfCheck(device, thorough): Promise<[{ kernel, portable, error, tolerance, good }]>
Napi::Value self_check(const Napi::CallbackInfo& info) {
  const int device = integer(info[0], "device", 0, 1024);
  const bool thorough = info[1].ToBoolean();
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env()).start(info.Env(), never, {}, [=]() -> Finish {
    const std::vector<cuda::Comparison> found = comparisons(device, thorough);
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
#ifdef SCUMBLE_CUDA
  cuda::use_kernels(device, kernels == "fast" ? cuda::KernelSet::fast : cuda::KernelSet::portable);
#else
  static_cast<void>(device);
  throw Napi::Error::New(env, "this build has no CUDA");
#endif
}

}  // namespace scumble::node

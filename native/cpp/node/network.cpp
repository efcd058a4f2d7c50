#include "network.h"

#include "../core/half.h"
#include "backend.h"
#include "task.h"
#include "values.h"

namespace scumble::node {
namespace {

// Tells a Network from a Session: unwrapping alone would take one for the other.
constexpr napi_type_tag kTag = {0x7c0d7d2f5a1e4b39, 0x9c61b0e2d8f34a57};

// A tensor as it lies in a weights file: little-endian bytes of one of three types.
struct StoredTensor {
  const uint8_t* bytes;
  size_t count;
  enum { f32, f16, bf16 } type;

  std::vector<float> widened() const {
    std::vector<float> values(count);
    if (type == f32) {
      std::memcpy(values.data(), bytes, count * sizeof(float));
      return values;
    }
    for (size_t i = 0; i < count; ++i) {
      const uint16_t half = static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
      values[i] = type == f16 ? float16_to_float(half) : bfloat16_to_float(half);
    }
    return values;
  }
};

StoredTensor stored(const Napi::Object& tensor) {
  StoredTensor found{};
  const std::string type = text(tensor, "dtype");
  found.type = type == "F32" ? StoredTensor::f32 : type == "F16" ? StoredTensor::f16 : StoredTensor::bf16;
  if (found.type == StoredTensor::bf16 && type != "BF16") {
    throw Napi::TypeError::New(tensor.Env(), "dtype cannot be " + type);
  }
  const Napi::Uint8Array bytes = tensor.Get("data").As<Napi::Uint8Array>();
  found.bytes = bytes.Data();
  found.count = bytes.ByteLength() / (found.type == StoredTensor::f32 ? 4 : 2);
  return found;
}

}  // namespace

Napi::Function NetworkObject::define(Napi::Env env) {
  return DefineClass(
      env, "Network",
      {StaticMethod<&NetworkObject::load>("load"), InstanceMethod<&NetworkObject::dispose>("dispose")});
}

NetworkObject::NetworkObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NetworkObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Network.load()");
  loaded_ = *info[0].As<Napi::External<Loaded>>().Data();
  info.This().As<Napi::Object>().TypeTag(&kTag);
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), static_cast<int64_t>(loaded_.network->bytes()));
}

void NetworkObject::Finalize(Napi::BasicEnv env) {
  let_go(env);
}

void NetworkObject::dispose(const Napi::CallbackInfo& info) {
  let_go(info.Env());
}

void NetworkObject::let_go(Napi::BasicEnv env) {
  if (!loaded_.network) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(loaded_.network->bytes()));
  loaded_ = {};
}

const NetworkObject::Loaded& NetworkObject::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), "the network must be one that Network.load() made");
  }
  const Loaded& loaded = Unwrap(value.As<Napi::Object>())->loaded_;
  if (!loaded.network) throw Napi::Error::New(value.Env(), "the network is disposed");
  return loaded;
}

Napi::Value NetworkObject::load(const Napi::CallbackInfo& info) {
  const auto backend = BackendObject::of(info[0]);
  const Napi::Object description = info[1].As<Napi::Object>();
  const Architecture shape = architecture(description);
  const Napi::Array convolutions = list(description, "convolutions");
  std::vector<Napi::Object> kept;
  std::vector<std::pair<StoredTensor, StoredTensor>> tensors;
  for (uint32_t i = 0; i < convolutions.Length(); ++i) {
    const Napi::Object conv = convolutions.Get(i).As<Napi::Object>();
    kept.push_back(child(conv, "weight").Get("data").As<Napi::Object>());
    kept.push_back(child(conv, "bias").Get("data").As<Napi::Object>());
    tensors.emplace_back(stored(child(conv, "weight")), stored(child(conv, "bias")));
  }
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env())
      .start(info.Env(), never, std::move(kept), [backend, shape, tensors]() -> Finish {
        std::vector<ConvolutionWeights> weights;
        for (const auto& [weight, bias] : tensors) weights.push_back({weight.widened(), bias.widened()});
        const Loaded loaded{backend, backend->load(shape, weights)};
        return [loaded](Napi::Env env) -> Napi::Value {
          Loaded copy = loaded;
          return Tasks::of(env).constructors.network.New({Napi::External<Loaded>::New(env, &copy)});
        };
      });
}

}  // namespace scumble::node

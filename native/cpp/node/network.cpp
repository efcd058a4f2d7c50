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

  float operator[](size_t i) const {
    if (type == f32) {
      float value = 0;
      std::memcpy(&value, bytes + i * sizeof value, sizeof value);
      return value;
    }
    const uint16_t half = static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
    return type == f16 ? float16_to_float(half) : bfloat16_to_float(half);
  }

  std::vector<float> widened() const {
    std::vector<float> values(count);
    if (type == f32) {
      std::memcpy(values.data(), bytes, count * sizeof(float));
    } else {
      for (size_t i = 0; i < count; ++i) values[i] = (*this)[i];
    }
    return values;
  }

  // From [outputs][channels][positions] to [outputs][positions][channels]; as it is, if it is not of that size.
  std::vector<float> channels_last(size_t channels, size_t positions) const {
    if (positions == 1 || count % (channels * positions) != 0) return widened();
    std::vector<float> values(count);
    size_t i = 0;
    for (size_t output = 0; output < count; output += channels * positions) {
      for (size_t c = 0; c < channels; ++c) {
        for (size_t p = 0; p < positions; ++p, ++i) values[output + p * channels + c] = (*this)[i];
      }
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
      {StaticMethod<&NetworkObject::load>("load"), InstanceMethod<&NetworkObject::dispose>("dispose"),
       InstanceAccessor<&NetworkObject::bytes>("bytes")});
}

// What Network.load() has made, on its way into an object.
namespace {
struct Made {
  std::shared_ptr<const Backend> backend;
  std::shared_ptr<const Network> network;
};
}  // namespace

NetworkObject::NetworkObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NetworkObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Network.load()");
  const Made& made = *info[0].As<Napi::External<Made>>().Data();
  backend_ = made.backend;
  network_ = made.network;
  info.This().As<Napi::Object>().TypeTag(&kTag);
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), host_bytes());
}

int64_t NetworkObject::host_bytes() const {
  return backend_->in_host_memory() ? static_cast<int64_t>(network_->all_bytes()) : 0;
}

void NetworkObject::Finalize(Napi::BasicEnv env) {
  let_go(env);
}

void NetworkObject::dispose(const Napi::CallbackInfo& info) {
  let_go(info.Env());
}

Napi::Value NetworkObject::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), network_ ? static_cast<double>(network_->all_bytes()) : 0);
}

void NetworkObject::let_go(Napi::BasicEnv env) {
  if (!network_) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, -host_bytes());
  network_ = nullptr;
}

const NetworkObject& NetworkObject::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), "the network must be one that Network.load() made");
  }
  const NetworkObject& object = *Unwrap(value.As<Napi::Object>());
  if (!object.network_) throw Napi::Error::New(value.Env(), "the network is disposed");
  return object;
}

NetworkObject::Loaded NetworkObject::of_list(const Napi::Value& value) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0)
    throw Napi::TypeError::New(value.Env(), "networks must be an array of at least one");
  const Napi::Array list = value.As<Napi::Array>();
  Loaded loaded;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const NetworkObject& network = of(list.Get(i));
    if (loaded.backend && loaded.backend != network.backend_)
      throw Napi::TypeError::New(value.Env(), "networks must be of one backend");
    loaded.backend = network.backend_;
    loaded.networks.push_back(network.network_);
  }
  return loaded;
}

NetworkObject::Loaded NetworkObject::of_one(const Napi::Value& value) {
  const NetworkObject& network = of(value);
  return {network.backend_, {network.network_}};
}

Napi::Value NetworkObject::load(const Napi::CallbackInfo& info) {
  const auto backend = BackendObject::of(info[0]);
  const Napi::Object description = info[1].As<Napi::Object>();
  const Architecture shape = architecture(description);
  std::vector<Napi::Object> kept;
  std::vector<std::pair<StoredTensor, StoredTensor>> tensors;
  const auto add = [&](const Napi::Array& layers) {
    for (uint32_t i = 0; i < layers.Length(); ++i) {
      const Napi::Object layer = layers.Get(i).As<Napi::Object>();
      kept.push_back(child(layer, "weight").Get("data").As<Napi::Object>());
      kept.push_back(child(layer, "bias").Get("data").As<Napi::Object>());
      tensors.emplace_back(stored(child(layer, "weight")), stored(child(layer, "bias")));
    }
  };
  add(list(description, "convolutions"));
  if (!shape.dense.empty()) add(list(description, "dense"));
  const auto never = std::make_shared<std::atomic<bool>>(false);
  return Tasks::of(info.Env())
      .start(info.Env(), never, std::move(kept), [backend, shape, tensors]() -> Finish {
        std::vector<ConvolutionWeights> weights;
        const size_t convolutions = shape.convolutions.size();
        for (size_t i = 0; i < tensors.size(); ++i) {
          const auto& [weight, bias] = tensors[i];
          if (i < convolutions) {
            weights.push_back({weight.widened(), bias.widened()});
          } else {
            const Dense& dense = shape.dense[i - convolutions];
            const size_t side = static_cast<size_t>(dense.window);
            weights.push_back(
                {weight.channels_last(static_cast<size_t>(dense.inputs), side * side), bias.widened()});
          }
        }
        const Made made{backend, backend->load(shape, std::move(weights))};
        return [made](Napi::Env env) -> Napi::Value {
          Made copy = made;
          return Tasks::of(env).constructors.network.New({Napi::External<Made>::New(env, &copy)});
        };
      });
}

Napi::Value layers(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Architecture shape = architecture(info[0].As<Napi::Object>());
  const std::vector<Layer> all = layers_of(shape);
  Napi::Array found = Napi::Array::New(env, all.size());
  int convolutions = 0;
  int stride = 1;
  for (uint32_t i = 0; i < all.size(); ++i) {
    const Layer& layer = all[i];
    if (layer.kind == LayerKind::conv) ++convolutions;
    if (layer.kind == LayerKind::pool) stride *= 2;
    const char* const kinds[] = {"conv", "relu", "pool", "dense"};
    Napi::Object object = Napi::Object::New(env);
    object["name"] = Napi::String::New(env, layer.name);
    object["kind"] = Napi::String::New(env, kinds[static_cast<int>(layer.kind)]);
    object["convolutions"] = Napi::Number::New(env, convolutions);
    object["stride"] = Napi::Number::New(env, stride);
    found[i] = object;
  }
  return found;
}

}  // namespace scumble::node

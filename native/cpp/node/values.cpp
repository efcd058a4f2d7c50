#include "values.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace scumble::node {
namespace {

constexpr int kLargestSide = 1 << 20;

constexpr int kMostImages = 1 << 20;

constexpr int kMostOutputs = 1 << 17;  // of a dense layer

[[noreturn]] void bad(const Napi::Value& value, const std::string& what) {
  throw Napi::TypeError::New(value.Env(), what);
}

std::vector<std::string> keys(const Napi::Object& object) {
  const Napi::Array names = object.GetPropertyNames();
  std::vector<std::string> found;
  for (uint32_t i = 0; i < names.Length(); ++i) found.push_back(names.Get(i).ToString().Utf8Value());
  return found;
}

std::vector<std::string> texts(const Napi::Object& object, const char* key) {
  const Napi::Array given = list(object, key);
  std::vector<std::string> found;
  for (uint32_t i = 0; i < given.Length(); ++i) {
    if (!given.Get(i).IsString()) bad(object, std::string(key) + " must be strings");
    found.push_back(given.Get(i).As<Napi::String>().Utf8Value());
  }
  return found;
}

// An index that may be left out: -1.
int index(const Napi::Object& object, const char* key) {
  return object.Get(key).IsUndefined() ? -1 : integer(object, key, 0, kMostImages);
}

// { image, blend, mask?, source? }
std::vector<Target> targets(const Napi::Array& from) {
  std::vector<Target> found;
  for (uint32_t i = 0; i < from.Length(); ++i) {
    const Napi::Object target = from.Get(i).As<Napi::Object>();
    found.push_back({integer(target, "image", 0, kMostImages), number(target, "blend"), index(target, "mask"),
                     target.Has("source") && target.Get("source").ToBoolean()});
  }
  return found;
}

// { name, kind, weight, network?, layers?, targets?, mask?, parameters?, normalize? }
std::vector<Term> terms(const Napi::Array& from) {
  std::vector<Term> found;
  for (uint32_t i = 0; i < from.Length(); ++i) {
    const Napi::Object given = from.Get(i).As<Napi::Object>();
    Term term;
    term.name = text(given, "name");
    term.kind = text(given, "kind");
    term.weight = number(given, "weight");
    term.normalize = given.Has("normalize") && given.Get("normalize").ToBoolean();
    term.network = std::max(0, index(given, "network"));
    if (!given.Get("layers").IsUndefined()) term.layers = texts(given, "layers");
    if (!given.Get("targets").IsUndefined()) term.targets = targets(list(given, "targets"));
    term.mask = index(given, "mask");
    if (!given.Get("parameters").IsUndefined()) {
      const Napi::Object parameters = child(given, "parameters");
      for (const std::string& name : keys(parameters))
        term.parameters[name] = number(parameters, name.c_str());
    }
    found.push_back(std::move(term));
  }
  return found;
}

template <typename T>
T choice(const Napi::Object& object, const char* key,
         std::initializer_list<std::pair<const char*, T>> choices) {
  const std::string given = text(object, key);
  for (const auto& [name, value] : choices) {
    if (given == name) return value;
  }
  bad(object, std::string(key) + " cannot be " + given);
}

}  // namespace

double number(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) bad(object, std::string(key) + " must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

int integer(const Napi::Object& object, const char* key, int low, int high) {
  return integer(object.Get(key), key, low, high);
}

int integer(const Napi::Value& value, const char* name, int low, int high) {
  const double given = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(given >= low && given <= high) || given != std::floor(given)) {
    bad(value, std::string(name) + " must be an integer from " + std::to_string(low) + " to " +
                   std::to_string(high));
  }
  return static_cast<int>(given);
}

std::string text(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) bad(object, std::string(key) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object child(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsObject()) bad(object, std::string(key) + " must be an object");
  return value.As<Napi::Object>();
}

Napi::Array list(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) bad(object, std::string(key) + " must be an array");
  return value.As<Napi::Array>();
}

std::array<float, 3> triple(const Napi::Value& value, const char* name) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) {
    bad(value, std::string(name) + " must be an array of three numbers");
  }
  std::array<float, 3> found{};
  for (uint32_t i = 0; i < 3; ++i) found[i] = value.As<Napi::Array>().Get(i).ToNumber().FloatValue();
  return found;
}

Napi::Float32Array floats(const Napi::Object& object, size_t count) {
  const Napi::Value data = object.Get("data");
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    bad(object, "data must be a Float32Array");
  }
  const Napi::Float32Array found = data.As<Napi::Float32Array>();
  if (found.ElementLength() != count) {
    bad(object, "data must have " + std::to_string(count) + " floats: width * height * channels");
  }
  return found;
}

PictureView picture(const Napi::Object& object, bool with_data) {
  PictureView view;
  view.width = integer(object, "width", 1, kLargestSide);
  view.height = integer(object, "height", 1, kLargestSide);
  if (!with_data) return view;
  view.data = floats(object, view.elements()).Data();
  return view;
}

MaskView mask(const Napi::Object& object, bool with_data) {
  MaskView view;
  view.width = integer(object, "width", 1, kLargestSide);
  view.height = integer(object, "height", 1, kLargestSide);
  if (!with_data) return view;
  view.data = floats(object, static_cast<size_t>(view.width) * static_cast<size_t>(view.height)).Data();
  return view;
}

Architecture architecture(const Napi::Object& object) {
  Architecture found;
  Preprocessing& pre = found.preprocessing;
  pre.bgr = choice<bool>(object, "channelOrder", {{"RGB", false}, {"BGR", true}});
  pre.range = static_cast<float>(number(object, "range"));
  pre.mean = triple(object.Get("mean"), "mean");
  pre.std = triple(object.Get("std"), "std");
  pre.padding =
      choice<Padding>(object, "padding", {{"zero", Padding::zero}, {"replicate", Padding::replicate}});
  const Napi::Value whole = object.Get("whole");
  found.whole = !whole.IsBoolean() || whole.As<Napi::Boolean>().Value();
  const Napi::Array convolutions = list(object, "convolutions");
  for (uint32_t i = 0; i < convolutions.Length(); ++i) {
    const Napi::Object conv = convolutions.Get(i).As<Napi::Object>();
    found.convolutions.push_back({integer(conv, "block", 1, 99), integer(conv, "index", 1, 99),
                                  integer(conv, "inputs", 1, 8192), integer(conv, "outputs", 1, 8192)});
  }
  if (object.Get("dense").IsUndefined()) return found;
  const Napi::Array dense = list(object, "dense");
  for (uint32_t i = 0; i < dense.Length(); ++i) {
    const Napi::Object layer = dense.Get(i).As<Napi::Object>();
    found.dense.push_back({integer(layer, "inputs", 1, kMostOutputs), integer(layer, "window", 1, 64),
                           integer(layer, "outputs", 1, kMostOutputs)});
  }
  return found;
}

Pooling pooling(const Napi::Object& object) {
  return choice<Pooling>(object, "pooling",
                         {{"max", Pooling::max}, {"average", Pooling::average}, {"l2", Pooling::l2}});
}

Rounding rounding(const Napi::Object& object) {
  return choice<Rounding>(object, "rounding", {{"floor", Rounding::floor}, {"ceil", Rounding::ceil}});
}

Setup setup(const Napi::Object& object) {
  Setup found;
  found.pooling = pooling(object);
  if (object.Has("poolingScale")) found.pool_scale = number(object, "poolingScale");
  found.rounding = rounding(object);
  found.objective.terms = terms(list(object, "terms"));
  if (!object.Get("seed").IsUndefined()) found.seed = static_cast<uint64_t>(number(object, "seed"));
  found.threads = integer(object, "threads", 1, 1024);
  return found;
}

// [low, high]; infinities are no bounds.
std::pair<float, float> range(const Napi::Value& value) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 2)
    throw Napi::TypeError::New(value.Env(), "range must be an array of two numbers");
  const float low = value.As<Napi::Array>().Get(0u).ToNumber().FloatValue();
  const float high = value.As<Napi::Array>().Get(1u).ToNumber().FloatValue();
  if (!(low < high)) throw Napi::RangeError::New(value.Env(), "range must begin below its end");
  return {low, high};
}

// { filter, range: [low, high] }
Resampling resampling(const Napi::Object& object) {
  const auto [low, high] = range(object.Get("range"));
  const Filter filter = choice<Filter>(object, "filter",
                                       {{"lanczos", Filter::lanczos},
                                        {"cubic", Filter::cubic},
                                        {"sharp-cubic", Filter::sharp_cubic},
                                        {"triangle", Filter::triangle},
                                        {"box", Filter::box}});
  return {low, high, filter};
}

SessionOptions session_options(const Napi::Object& object) {
  SessionOptions options;
  static_cast<Setup&>(options) = setup(object);
  const Napi::Object optimizer = child(object, "optimizer");
  options.optimizer.kind = choice<OptimizerKind>(
      optimizer, "kind",
      {{"lbfgs", OptimizerKind::lbfgs}, {"adam", OptimizerKind::adam}, {"rmsprop", OptimizerKind::rmsprop}});
  options.optimizer.learning_rate = number(optimizer, "learningRate");
  options.optimizer.adam.beta1 = number(optimizer, "beta1");
  options.optimizer.adam.beta2 = number(optimizer, "beta2");
  options.optimizer.adam.epsilon = number(optimizer, "epsilon");
  options.optimizer.rmsprop = {options.optimizer.adam.beta2, options.optimizer.adam.epsilon};
  options.optimizer.history = integer(optimizer, "history", 1, 1000);
  options.optimizer.first_step = number(optimizer, "firstStep");
  options.averaging = number(object, "averaging");
  options.clamp = object.Get("clamp").ToBoolean();
  options.details = std::max(0, index(object, "details"));
  return options;
}

State state_of(const Napi::Object& object) {
  State state;
  const Napi::Object vectors = child(object, "vectors");
  for (const std::string& name : keys(vectors)) {
    const Napi::Value value = vectors.Get(name);
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      bad(object, name + " must be a Float32Array");
    const Napi::Float32Array floats = value.As<Napi::Float32Array>();
    state.vectors[name].assign(floats.Data(), floats.Data() + floats.ElementLength());
  }
  const Napi::Object numbers = child(object, "numbers");
  for (const std::string& name : keys(numbers)) {
    const Napi::Array values = list(numbers, name.c_str());
    for (uint32_t i = 0; i < values.Length(); ++i) {
      if (!values.Get(i).IsNumber()) bad(object, name + " must be numbers");
      state.numbers[name].push_back(values.Get(i).As<Napi::Number>().DoubleValue());
    }
    state.numbers[name];
  }
  return state;
}

Napi::Float32Array floats_value(Napi::Env env, std::vector<float> values) {
  const size_t count = values.size();
  auto owned = std::make_unique<std::vector<float>>(std::move(values));
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, owned->data(), count * sizeof(float),
      [](napi_env, void*, void* done) { delete static_cast<std::vector<float>*>(done); }, owned.get(),
      &buffer);
  if (status == napi_ok) {
    static_cast<void>(owned.release());
  } else if (status == napi_no_external_buffers_allowed) {  // Electron and others
    Napi::Float32Array copy = Napi::Float32Array::New(env, count);
    std::copy(owned->begin(), owned->end(), copy.Data());
    return copy;
  } else {
    throw Napi::Error::New(env);
  }
  return Napi::Float32Array::New(env, count, Napi::ArrayBuffer(env, buffer), 0);
}

Finish floats_of(std::vector<float> values) {
  const auto shared = std::make_shared<std::vector<float>>(std::move(values));
  return [shared](Napi::Env env) -> Napi::Value { return floats_value(env, std::move(*shared)); };
}

Finish state_value(State state) {
  const auto shared = std::make_shared<State>(std::move(state));
  return [shared](Napi::Env env) -> Napi::Value {
    Napi::Object vectors = Napi::Object::New(env);
    for (auto& [name, values] : shared->vectors) vectors[name] = floats_value(env, std::move(values));
    Napi::Object numbers = Napi::Object::New(env);
    for (const auto& [name, values] : shared->numbers) {
      Napi::Array list = Napi::Array::New(env, values.size());
      for (uint32_t i = 0; i < values.size(); ++i) list[i] = Napi::Number::New(env, values[i]);
      numbers[name] = list;
    }
    Napi::Object state = Napi::Object::New(env);
    state["vectors"] = vectors;
    state["numbers"] = numbers;
    return state;
  };
}

}  // namespace scumble::node

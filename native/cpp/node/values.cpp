#include "values.h"

#include <cmath>

namespace scumble::node {
namespace {

constexpr int kLargestSide = 1 << 20;

[[noreturn]] void bad(const Napi::Value& value, const std::string& what) {
  throw Napi::TypeError::New(value.Env(), what);
}

std::vector<LayerTerm> terms(const Napi::Array& from) {
  std::vector<LayerTerm> found;
  for (uint32_t i = 0; i < from.Length(); ++i) {
    const Napi::Object term = from.Get(i).As<Napi::Object>();
    found.push_back({text(term, "layer"), number(term, "weight")});
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

Architecture architecture(const Napi::Object& object) {
  Architecture found;
  Preprocessing& pre = found.preprocessing;
  pre.bgr = choice<bool>(object, "channelOrder", {{"RGB", false}, {"BGR", true}});
  pre.range = static_cast<float>(number(object, "range"));
  pre.mean = triple(object.Get("mean"), "mean");
  pre.std = triple(object.Get("std"), "std");
  pre.padding =
      choice<Padding>(object, "padding", {{"zero", Padding::zero}, {"replicate", Padding::replicate}});
  const Napi::Array convolutions = list(object, "convolutions");
  for (uint32_t i = 0; i < convolutions.Length(); ++i) {
    const Napi::Object conv = convolutions.Get(i).As<Napi::Object>();
    found.convolutions.push_back({integer(conv, "block", 1, 99), integer(conv, "index", 1, 99),
                                  integer(conv, "inputs", 1, 8192), integer(conv, "outputs", 1, 8192)});
  }
  return found;
}

SessionOptions session_options(const Napi::Object& object) {
  SessionOptions options;
  options.pooling = choice<Pooling>(
      object, "pooling", {{"max", Pooling::max}, {"average", Pooling::average}, {"l2", Pooling::l2}});
  options.rounding =
      choice<Rounding>(object, "rounding", {{"floor", Rounding::floor}, {"ceil", Rounding::ceil}});
  options.objective.content = terms(list(object, "contentTerms"));
  options.objective.style = terms(list(object, "styleTerms"));
  options.objective.tv_weight = number(object, "tvWeight");
  const Napi::Object optimizer = child(object, "optimizer");
  options.optimizer.kind = choice<OptimizerKind>(
      optimizer, "kind", {{"lbfgs", OptimizerKind::lbfgs}, {"adam", OptimizerKind::adam}});
  options.optimizer.adam.learning_rate = number(optimizer, "learningRate");
  options.optimizer.adam.beta1 = number(optimizer, "beta1");
  options.optimizer.adam.beta2 = number(optimizer, "beta2");
  options.optimizer.adam.epsilon = number(optimizer, "epsilon");
  options.optimizer.history = integer(optimizer, "history", 1, 1000);
  options.averaging = number(object, "averaging");
  options.threads = integer(object, "threads", 1, 1024);
  return options;
}

std::vector<StyleImage> style_images(const Napi::Array& styles, bool with_data) {
  std::vector<StyleImage> found;
  for (uint32_t i = 0; i < styles.Length(); ++i) {
    const Napi::Object style = styles.Get(i).As<Napi::Object>();
    found.push_back({picture(style, with_data), number(style, "blend")});
  }
  return found;
}

Finish floats_of(std::vector<float> values) {
  const auto shared = std::make_shared<std::vector<float>>(std::move(values));
  return [shared](Napi::Env env) -> Napi::Value {
    auto* owned = new std::vector<float>(std::move(*shared));
    const Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(
        env, owned->data(), owned->size() * sizeof(float),
        [](Napi::Env, void*, std::vector<float>* v) { delete v; }, owned);
    return Napi::Float32Array::New(env, owned->size(), memory, 0);
  };
}

}  // namespace scumble::node

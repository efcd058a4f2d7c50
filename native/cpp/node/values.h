// Reading JavaScript values. The TypeScript side has validated what a user may get wrong; these checks keep a
// mistake there from becoming a wild pointer here.
#pragma once

#include <string>

#include "../core/session.h"
#include "api.h"
#include "task.h"

namespace scumble::node {

double number(const Napi::Object& object, const char* key);
int integer(const Napi::Object& object, const char* key, int low, int high);
int integer(const Napi::Value& value, const char* name, int low, int high);
std::string text(const Napi::Object& object, const char* key);
Napi::Object child(const Napi::Object& object, const char* key);
Napi::Array list(const Napi::Object& object, const char* key);
std::array<float, 3> triple(const Napi::Value& value, const char* name);
// The object's `data`, which must be a Float32Array of `count`.
Napi::Float32Array floats(const Napi::Object& object, size_t count);

// { data: Float32Array, width, height }, or without data where only the size matters.
PictureView picture(const Napi::Object& object, bool with_data);
// The same with one value a pixel.
MaskView mask(const Napi::Object& object, bool with_data);
Architecture architecture(const Napi::Object& object);
Pooling pooling(const Napi::Object& object);
Rounding rounding(const Napi::Object& object);
// [low, high]; infinities are no bounds.
std::pair<float, float> range(const Napi::Value& value);
// { filter, range: [low, high] }
Resampling resampling(const Napi::Object& object);
// { pooling, poolingScale?, rounding, terms, threads }
Setup setup(const Napi::Object& object);
// The same with { optimizer, averaging }.
SessionOptions session_options(const Napi::Object& object);
State state_of(const Napi::Object& object);

// Resolves to a Float32Array that takes over the memory; it is copied only where the runtime wants that.
Finish floats_of(std::vector<float> values);
Napi::Float32Array floats_value(Napi::Env env, std::vector<float> values);
// { vectors: Record<string, Float32Array>, numbers: Record<string, number[]> }
Finish state_value(State state);

}  // namespace scumble::node

// Backend.open(device, precision): Promise<Backend>, and devices(): Promise of what there is to open. A
// Backend says where networks are loaded and sessions run.
#pragma once

#include <memory>

#include "../core/backend.h"
#include "api.h"

namespace scumble::node {

class BackendObject : public Napi::ObjectWrap<BackendObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit BackendObject(const Napi::CallbackInfo& info);

  // The backend inside a JavaScript Backend; throws for anything else.
  static const std::shared_ptr<const Backend>& of(const Napi::Value& value);

 private:
  static Napi::Value open(const Napi::CallbackInfo& info);

  std::shared_ptr<const Backend> backend_;
};

Napi::Value devices(const Napi::CallbackInfo& info);

}  // namespace scumble::node

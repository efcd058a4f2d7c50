// Network.load(backend, description): Promise<Network>: widens and packs the weights; sessions share the
// result. dispose() lets go of it; sessions that use it keep its memory until they go.
#pragma once

#include <memory>

#include "../core/backend.h"
#include "api.h"

namespace scumble::node {

class NetworkObject : public Napi::ObjectWrap<NetworkObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NetworkObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

  struct Loaded {
    std::shared_ptr<const Backend> backend;
    std::shared_ptr<const Network> network;
  };
  // What is inside a JavaScript Network; throws for anything else, and once it is disposed.
  static const Loaded& of(const Napi::Value& value);

 private:
  static Napi::Value load(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info);
  void let_go(Napi::BasicEnv env);

  Loaded loaded_;
};

}  // namespace scumble::node

// Network.load(description): Promise<Network>: widens and packs the weights; sessions share the result.
#pragma once

#include <memory>

#include "../core/network.h"
#include "api.h"

namespace scumble::node {

class NetworkObject : public Napi::ObjectWrap<NetworkObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NetworkObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

  // The network inside a JavaScript Network; throws for anything else.
  static const std::shared_ptr<const Network>& of(const Napi::Value& value);

 private:
  static Napi::Value load(const Napi::CallbackInfo& info);

  std::shared_ptr<const Network> network_;
};

}  // namespace scumble::node

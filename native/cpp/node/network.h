// Network.load(description): Promise<Network>: widens and packs the weights; sessions share the result.
#pragma once

#include <napi.h>

#include <memory>

#include "../core/network.h"

namespace scumble::node {

class NetworkObject : public Napi::ObjectWrap<NetworkObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NetworkObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

  const std::shared_ptr<const Network>& network() const { return network_; }

 private:
  static Napi::Value load(const Napi::CallbackInfo& info);

  std::shared_ptr<const Network> network_;
};

}  // namespace scumble::node

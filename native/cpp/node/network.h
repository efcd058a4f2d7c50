// Network.load(backend, description): Promise<Network>: widens and packs the weights; sessions share the
// result. dispose() lets go of it; sessions that use it keep its memory until they go. layers(description)
// says what layers there are.
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
    Networks networks;
  };
  // What is inside a list of JavaScript Networks of one backend; throws for anything else, and for one that
  // is disposed.
  static Loaded of_list(const Napi::Value& value);
  // The same of a single one.
  static Loaded of_one(const Napi::Value& value);

 private:
  static Napi::Value load(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  void let_go(Napi::BasicEnv env);
  int64_t host_bytes() const;

  static const NetworkObject& of(const Napi::Value& value);

  std::shared_ptr<const Backend> backend_;
  std::shared_ptr<const Network> network_;  // null once disposed
};

// layers(description): [{ name, kind, convolutions, stride }], in order: a layer with all before it has so many
// convolutions, and a position there stands for stride x stride pixels.
Napi::Value layers(const Napi::CallbackInfo& info);

}  // namespace scumble::node

// Session.create(network, options): { session: Promise<Session>, cancel() }; step(count), image(), cancel(),
// dispose(). Calls on one session run one after the other; what is running keeps the session's memory alive,
// whatever happens to the object.
#pragma once

#include <memory>
#include <mutex>

#include "../core/session.h"
#include "api.h"
#include "task.h"

namespace scumble::node {

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SessionObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

  struct Held {
    std::mutex mutex;  // one call at a time
    CancelFlag cancelled = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<Session> session;
  };

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  static Napi::Value estimate(const Napi::CallbackInfo& info);
  static Napi::Value channel_means(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value image(const Napi::CallbackInfo& info);
  Napi::Value gradient(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  const std::shared_ptr<Held>& held(const Napi::CallbackInfo& info) const;

  std::shared_ptr<Held> held_;
  int64_t bytes_ = 0;
};

}  // namespace scumble::node

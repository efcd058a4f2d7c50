// Session.create(networks, options): { session: Promise<Session>, cancel() }; step(count, watch), proceed(),
// image(), save(), restore(state), gradient(), cancel(), dispose(). Calls on one session run one after the
// other on its own thread; a call that is pending keeps the object.
#pragma once

#include <memory>

#include "../core/session.h"
#include "api.h"
#include "session_thread.h"

namespace scumble::node {

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SessionObject(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

  // What the thread has made, on its way into an object.
  struct Made {
    std::shared_ptr<SessionThread> thread;
    int64_t bytes;  // that V8 should know of
  };

 private:
  static Napi::Value create(const Napi::CallbackInfo& info);
  static Napi::Value estimate(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  void proceed(const Napi::CallbackInfo& info);
  Napi::Value image(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value restore(const Napi::CallbackInfo& info);
  Napi::Value gradient(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  enum class Turn { queue, look };
  using Call = std::function<Finish(Session&)>;
  Napi::Promise call(const Napi::CallbackInfo& info, Turn turn, Call call,
                     std::vector<Napi::Object> kept = {});
  void let_go(Napi::BasicEnv env);

  std::shared_ptr<SessionThread> thread_;  // null once disposed
  int64_t bytes_ = 0;
};

}  // namespace scumble::node

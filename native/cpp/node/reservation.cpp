#include "reservation.h"

#include <cmath>

#include "../core/ledger.h"
#include "task.h"

namespace scumble::node {
namespace {

struct Made {
  std::string device;
  size_t bytes;
};

size_t bytes_of(const Napi::Value& value, const char* name) {
  const double bytes = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(bytes >= 0 && bytes <= 9007199254740992.0))
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a number of bytes");
  return static_cast<size_t>(bytes);
}

}  // namespace

Napi::Function ReservationObject::define(Napi::Env env) {
  return DefineClass(env, "Reservation",
                     {StaticMethod<&ReservationObject::make>("make"),
                      InstanceMethod<&ReservationObject::release>("release")});
}

ReservationObject::ReservationObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ReservationObject>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "use Reservation.make()");
  const Made& made = *info[0].As<Napi::External<Made>>().Data();
  device_ = made.device;
  bytes_ = made.bytes;
}

ReservationObject::~ReservationObject() {
  let_go();
}

void ReservationObject::release(const Napi::CallbackInfo&) {
  let_go();
}

void ReservationObject::let_go() {
  if (bytes_ > 0) Ledger::process().release(device_, bytes_);
  bytes_ = 0;
}

Napi::Value ReservationObject::make(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Made made{info[0].ToString().Utf8Value(), bytes_of(info[1], "bytes")};
  size_t left = 0;
  Napi::Object result = Napi::Object::New(env);
  if (Ledger::process().reserve(made.device, made.bytes, bytes_of(info[2], "available"),
                                bytes_of(info[3], "taken"), left)) {
    result["reservation"] =
        Tasks::of(env).constructors.reservation.New({Napi::External<Made>::New(env, &made)});
  }
  result["left"] = Napi::Number::New(env, static_cast<double>(left));
  return result;
}

}  // namespace scumble::node

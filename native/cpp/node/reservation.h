// Reservation.make(device, bytes, available, taken): { reservation?: Reservation, left: number }: memory set
// aside for a run in the process's ledger until release(), or until nobody holds it any more.
#pragma once

#include <string>

#include "api.h"

namespace scumble::node {

class ReservationObject : public Napi::ObjectWrap<ReservationObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ReservationObject(const Napi::CallbackInfo& info);
  ~ReservationObject() override;

 private:
  static Napi::Value make(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);
  void let_go();

  std::string device_;
  size_t bytes_ = 0;
};

}  // namespace scumble::node
